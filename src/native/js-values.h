#pragma once

#include <node_api.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "network.h"
#include "plan.h"

namespace srvid {

/** Marks that a JavaScript exception is pending already: nothing is left to be said. */
struct Pending {};

/** Throws Pending where a call of Node-API failed and left an exception, std::runtime_error where it left none. */
void expect_ok(napi_env env, napi_status status);

/** A property that is there; `what` names its owner in messages. Throws std::invalid_argument where it is undefined. */
napi_value property(napi_env env, napi_value object, const char* name, const std::string& what);

/** A JavaScript number as an int. Throws std::invalid_argument where it is none, or none that fits. */
int to_int(napi_env env, napi_value value, const std::string& what);

/** A short text in UTF-8; what exceeds 100 bytes is cut off. */
std::string to_text(napi_env env, napi_value value, const std::string& what);

/** The elements of a typed array, in its own memory: valid until JavaScript runs again. */
struct Elements {
  void* data;
  size_t length;
};

/** The elements of a typed array of exactly this type; shared memory is welcome. Throws std::invalid_argument for anything else. */
Elements elements(napi_env env, napi_value value, napi_typedarray_type type, const std::string& what);

/** The memory of an array of Uint8Arrays, valid as `elements` is. Throws std::invalid_argument for anything else. */
std::vector<Input> to_inputs(napi_env env, napi_value value);
std::vector<Output> to_outputs(napi_env env, napi_value value);

/** A plan as src/plugins/inference/native/plan.ts describes it. Its parts have the right types afterwards, and nothing more is checked. */
Plan to_plan(napi_env env, napi_value value);

}  // namespace srvid
