#include "js-values.h"

#include <cmath>

namespace srvid {

namespace {

[[noreturn]] void refuse(const std::string& what, const std::string& wanted) { throw std::invalid_argument(what + " is not " + wanted); }

bool is(napi_env env, napi_value value, napi_valuetype type) {
  napi_valuetype found;
  expect_ok(env, napi_typeof(env, value, &found));
  return found == type;
}

uint32_t array_length(napi_env env, napi_value value, uint32_t most, const std::string& what) {
  bool array = false;
  expect_ok(env, napi_is_array(env, value, &array));
  if (!array) refuse(what, "an array");
  uint32_t length = 0;
  expect_ok(env, napi_get_array_length(env, value, &length));
  if (length > most) refuse(what, "an array of at most " + std::to_string(most) + " elements");
  return length;
}

napi_value element(napi_env env, napi_value array, uint32_t index) {
  napi_value value;
  expect_ok(env, napi_get_element(env, array, index, &value));
  return value;
}

/** A copy, as long as at most `most` elements. */
template <class T>
std::vector<T> copied(napi_env env, napi_value value, napi_typedarray_type type, size_t most, const std::string& what) {
  const Elements found = elements(env, value, type, what);
  if (found.length > most) refuse(what, "at most " + std::to_string(most) + " elements long");
  const T* first = static_cast<const T*>(found.data);
  return found.length == 0 ? std::vector<T>() : std::vector<T>(first, first + found.length);
}

Conv to_conv(napi_env env, napi_value value, const std::string& what) {
  Conv conv;
  const napi_value inputs = property(env, value, "inputs", what);
  const uint32_t count = array_length(env, inputs, Limits::inputs, what + ".inputs");
  for (uint32_t i = 0; i < count; i++) conv.inputs.push_back(to_int(env, element(env, inputs, i), what + ".inputs"));
  conv.kernel = to_int(env, property(env, value, "kernel", what), what + ".kernel");
  conv.channels = to_int(env, property(env, value, "channels", what), what + ".channels");
  conv.weights = copied<int8_t>(env, property(env, value, "weights", what), napi_int8_array, Limits::weights, what + ".weights");
  conv.bias = copied<int32_t>(env, property(env, value, "bias", what), napi_int32_array, Limits::channels, what + ".bias");
  conv.multiplier = copied<float>(env, property(env, value, "multiplier", what), napi_float32_array, Limits::channels, what + ".multiplier");
  conv.zeroPoint = to_int(env, property(env, value, "zeroPoint", what), what + ".zeroPoint");
  return conv;
}

std::vector<Planes> to_pictures(napi_env env, napi_value value, const std::string& what) {
  std::vector<Planes> pictures;
  const uint32_t count = array_length(env, value, Limits::pictures, what);
  for (uint32_t i = 0; i < count; i++) {
    const std::string one = what + "[" + std::to_string(i) + "]";
    const napi_value picture = element(env, value, i);
    pictures.push_back({to_int(env, property(env, picture, "planes", one), one + ".planes"), to_int(env, property(env, picture, "block", one), one + ".block")});
  }
  return pictures;
}

}  // namespace

void expect_ok(napi_env env, napi_status status) {
  if (status == napi_ok) return;
  bool pending = false;
  if (napi_is_exception_pending(env, &pending) == napi_ok && pending) throw Pending();
  throw std::runtime_error("Node-API gave status " + std::to_string(status));
}

napi_value property(napi_env env, napi_value object, const char* name, const std::string& what) {
  if (!is(env, object, napi_object)) refuse(what, "an object");
  napi_value value;
  expect_ok(env, napi_get_named_property(env, object, name, &value));
  if (is(env, value, napi_undefined)) throw std::invalid_argument(what + " has no " + name);
  return value;
}

int to_int(napi_env env, napi_value value, const std::string& what) {
  if (!is(env, value, napi_number)) refuse(what, "a number");
  double number = 0;
  expect_ok(env, napi_get_value_double(env, value, &number));
  if (!(number >= INT32_MIN && number <= INT32_MAX) || number != std::trunc(number)) refuse(what, "an integer of 32 bits");
  return static_cast<int>(number);
}

std::string to_text(napi_env env, napi_value value, const std::string& what) {
  if (!is(env, value, napi_string)) refuse(what, "a text");
  char text[101];
  size_t length = 0;
  expect_ok(env, napi_get_value_string_utf8(env, value, text, sizeof text, &length));
  return std::string(text, length);
}

Elements elements(napi_env env, napi_value value, napi_typedarray_type type, const std::string& what) {
  const char* const names[] = {"Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array", "Uint32Array", "Float32Array"};
  bool typed = false;
  expect_ok(env, napi_is_typedarray(env, value, &typed));
  napi_typedarray_type found = type;
  Elements out{nullptr, 0};
  if (typed) expect_ok(env, napi_get_typedarray_info(env, value, &found, &out.length, &out.data, nullptr, nullptr));
  if (!typed || found != type) refuse(what, std::string(type == napi_int8_array || type == napi_int32_array ? "an " : "a ") + names[type]);
  if (!out.data && out.length != 0) refuse(what, "an array with memory of its own");
  return out;
}

std::vector<Input> to_inputs(napi_env env, napi_value value) {
  std::vector<Input> inputs;
  const uint32_t count = array_length(env, value, Limits::pictures, "the inputs");
  for (uint32_t index = 0; index < count; index++) {
    const Elements found = elements(env, element(env, value, index), napi_uint8_array, "the input");
    inputs.push_back({static_cast<const uint8_t*>(found.data), found.length});
  }
  return inputs;
}

std::vector<Output> to_outputs(napi_env env, napi_value value) {
  std::vector<Output> outputs;
  const uint32_t count = array_length(env, value, Limits::convs, "the outputs");
  for (uint32_t index = 0; index < count; index++) {
    const Elements found = elements(env, element(env, value, index), napi_uint8_array, "the output");
    outputs.push_back({static_cast<uint8_t*>(found.data), found.length});
  }
  return outputs;
}

Plan to_plan(napi_env env, napi_value value) {
  Plan plan;
  plan.inputs = to_pictures(env, property(env, value, "inputs", "the plan"), "inputs");
  plan.outputs = to_pictures(env, property(env, value, "outputs", "the plan"), "outputs");
  plan.pixelResults = to_int(env, property(env, value, "pixelResults", "the plan"), "pixelResults");
  const napi_value convs = property(env, value, "convs", "the plan");
  const uint32_t count = array_length(env, convs, Limits::convs, "convs");
  for (uint32_t i = 0; i < count; i++) plan.convs.push_back(to_conv(env, element(env, convs, i), "convs[" + std::to_string(i) + "]"));
  napi_value anchor;
  expect_ok(env, napi_get_named_property(env, value, "anchor", &anchor));
  if (is(env, anchor, napi_undefined)) return plan;
  const std::vector<int32_t> channels = copied<int32_t>(env, anchor, napi_int32_array, Limits::channels, "anchor");
  if (channels.empty()) throw std::invalid_argument("anchor has no channels");
  plan.anchor.assign(channels.begin(), channels.end());
  return plan;
}

}  // namespace srvid
