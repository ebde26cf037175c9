// The add-on's functions: kernels, open, run, peak, close, end. Everything that comes from JavaScript is checked here or in what is called from here,
// and no C++ exception leaves this file.
#include <node_api.h>

#include <array>
#include <cstdlib>
#include <exception>
#include <memory>
#include <set>
#include <string>

#include "js-values.h"
#include "kernels.h"
#include "network.h"
#include "peak.h"

namespace srvid {

namespace {

/** A network as JavaScript holds it; empty once it is closed. */
struct Handle;
/** The handles of one environment, a thread's. A value that is not among them did not come from `open`. */
using Handles = std::set<Handle*>;
struct Handle {
  /** Shared, since at the end of a thread Node-API frees handles and environment data in no certain order. */
  std::shared_ptr<Handles> all;
  std::unique_ptr<Network> network;
};

std::shared_ptr<Handles>& handles_of(napi_env env) {
  void* data = nullptr;
  expect_ok(env, napi_get_instance_data(env, &data));
  return *static_cast<std::shared_ptr<Handles>*>(data);
}

template <size_t Count>
std::array<napi_value, Count> arguments(napi_env env, napi_callback_info info) {
  std::array<napi_value, Count> values{};
  size_t count = Count;
  expect_ok(env, napi_get_cb_info(env, info, &count, values.data(), nullptr, nullptr));
  if (count < Count) throw std::invalid_argument(std::to_string(count) + " arguments instead of " + std::to_string(Count));
  return values;
}

Handle& to_handle(napi_env env, napi_value value) {
  napi_valuetype type;
  expect_ok(env, napi_typeof(env, value, &type));
  void* data = nullptr;
  if (type == napi_external) expect_ok(env, napi_get_value_external(env, value, &data));
  Handle* handle = static_cast<Handle*>(data);
  if (!handle || handles_of(env)->count(handle) == 0) throw std::invalid_argument("the network is not one that this add-on opened in this thread");
  return *handle;
}

void free_handle(napi_env, void* data, void*) {
  Handle* handle = static_cast<Handle*>(data);
  handle->all->erase(handle);
  delete handle;
}

napi_value kernel_names(napi_env env, napi_callback_info) {
  napi_value names;
  expect_ok(env, napi_create_array(env, &names));
  uint32_t index = 0;
  for (const Kernel* kernel : kernels()) {
    napi_value name;
    expect_ok(env, napi_create_string_utf8(env, kernel->name, NAPI_AUTO_LENGTH, &name));
    expect_ok(env, napi_set_element(env, names, index++, name));
  }
  return names;
}

napi_value open(napi_env env, napi_callback_info info) {
  const auto [plan, kernel] = arguments<2>(env, info);
  const Kernel& chosen = kernel_named(to_text(env, kernel, "the kernel's name"));
  auto handle = std::make_unique<Handle>();
  handle->network = std::make_unique<Network>(to_plan(env, plan), chosen);
  handle->all = handles_of(env);
  handle->all->insert(handle.get());
  napi_value external;
  const napi_status status = napi_create_external(env, handle.get(), free_handle, nullptr, &external);
  if (status != napi_ok) handle->all->erase(handle.get());
  expect_ok(env, status);
  handle.release();
  return external;
}

napi_value run(napi_env env, napi_callback_info info) {
  const auto [network, inputs, height, width, outputs, threads] = arguments<6>(env, info);
  Handle& handle = to_handle(env, network);
  if (!handle.network) throw std::invalid_argument("the network is closed");
  const int rows = to_int(env, height, "the number of rows");
  const int columns = to_int(env, width, "the number of columns");
  const int count = to_int(env, threads, "the number of threads");
  handle.network->run(to_inputs(env, inputs), rows, columns, to_outputs(env, outputs), count);
  return nullptr;
}

napi_value peak(napi_env env, napi_callback_info info) {
  const Kernel& kernel = kernel_named(to_text(env, arguments<1>(env, info)[0], "the kernel's name"));
  napi_value value;
  expect_ok(env, napi_create_double(env, peak_gmac_per_second(kernel), &value));
  return value;
}

napi_value close(napi_env env, napi_callback_info info) {
  to_handle(env, arguments<1>(env, info)[0]).network.reset();
  return nullptr;
}

napi_value end(napi_env env, napi_callback_info info) {
  std::_Exit(to_int(env, arguments<1>(env, info)[0], "the exit code"));
}

/** Turns C++ exceptions into JavaScript's. */
template <napi_value (*Function)(napi_env, napi_callback_info)>
napi_value guarded(napi_env env, napi_callback_info info) noexcept {
  try {
    return Function(env, info);
  } catch (const Pending&) {
  } catch (const std::bad_alloc&) {
    napi_throw_error(env, nullptr, "not enough memory");
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
  } catch (...) {
    napi_throw_error(env, nullptr, "an unknown error");
  }
  return nullptr;
}

napi_property_descriptor function(const char* name, napi_callback callback) {
  return {name, nullptr, callback, nullptr, nullptr, nullptr, napi_enumerable, nullptr};
}

napi_value initialise(napi_env env, napi_value exports) {
  auto data = std::make_unique<std::shared_ptr<Handles>>(std::make_shared<Handles>());
  const auto free_data = [](napi_env, void* held, void*) { delete static_cast<std::shared_ptr<Handles>*>(held); };
  expect_ok(env, napi_set_instance_data(env, data.get(), free_data, nullptr));
  data.release();
  const napi_property_descriptor functions[] = {function("kernels", guarded<kernel_names>), function("open", guarded<open>),
                                                function("run", guarded<run>), function("peak", guarded<peak>),
                                                function("close", guarded<close>), function("end", guarded<end>)};
  expect_ok(env, napi_define_properties(env, exports, std::size(functions), functions));
  return exports;
}

}  // namespace

}  // namespace srvid

NAPI_MODULE_INIT() {
  try {
    return srvid::initialise(env, exports);
  } catch (...) {
    napi_throw_error(env, nullptr, "the native engine could not be set up");
    return nullptr;
  }
}
