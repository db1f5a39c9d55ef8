// Cerium. Licensed under the Apache License 2.0.
// jemalloc's control interface.
#pragma once

#include <cstddef>

/// See jemalloc(3). Null if the program does not link jemalloc.
extern "C" __attribute__((weak)) int mallctl(const char* name, void* old, size_t* old_size, void* fresh, size_t size);
