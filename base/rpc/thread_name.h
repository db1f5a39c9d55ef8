// Cerium. Licensed under the Apache License 2.0.
// Names the threads of a transport, so that gdb, top and perf tell them apart.
#pragma once

#include <pthread.h>

#include <string>

namespace cerium::rpc {

/// Names the calling thread. The kernel keeps 15 characters; the rest is cut off.
inline void nameThisThread(const std::string& name) { pthread_setname_np(pthread_self(), name.substr(0, 15).c_str()); }

}  // namespace cerium::rpc
