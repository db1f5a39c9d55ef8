// Cerium. Licensed under the Apache License 2.0.
#include "driver/app/terminate_handler.h"

#include <errno.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>

#include "base/util/error.h"
#include "base/util/log.h"

namespace cerium {
namespace {

constexpr std::chrono::milliseconds kLastWords{1'000};
std::terminate_handler g_before = nullptr;

[[noreturn]] void onTerminate() {
  try {
    if (const auto uncaught = std::current_exception()) std::rethrow_exception(uncaught);
  } catch (const Error& e) {
    std::cout.flush();
    std::fflush(stdout);
    log::flush(kLastWords);
    std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, e.what());
    ::_exit(1);  // not exit(): threads that run would see their world destroyed
  } catch (...) {
  }
  if (g_before != nullptr) g_before();
  std::abort();
}

}  // namespace

void reportUncaughtErrors() {
  if (std::get_terminate() != onTerminate) g_before = std::set_terminate(onTerminate);
}

}  // namespace cerium
