// Cerium. Licensed under the Apache License 2.0.
// Assigns threads to tasks. The threads that a task starts belong to it: TaskContext::get() returns the task, their
// additions to accumulators count as the task's, and an exception that ends one of them fails the task, not the
// process.
// Every thread is started by pthread_create, however the program starts it. The program's calls find the pthread_create
// below, which calls the system's. For a thread whose creator belongs to a task, it runs a function of this file before
// the thread's own.
#include <cxxabi.h>
#include <dlfcn.h>
#include <pthread.h>

#include <cerrno>
#include <exception>
#include <memory>
#include <new>
#include <utility>

#include "base/util/exception_text.h"
#include "base/util/log.h"
#include "rdd/task_context.h"

namespace cerium {
namespace {
thread_local TaskContext* t_own = nullptr;
thread_local TaskContext* t_starter = nullptr;
}  // namespace

TaskContext::OwnThread::OwnThread(TaskContext& task) : outer_(std::exchange(t_own, &task)) {}
TaskContext::OwnThread::~OwnThread() { t_own = outer_; }

TaskContext::StartedThread::StartedThread(TaskContext& task) { t_starter = &task; }
TaskContext::StartedThread::~StartedThread() { t_starter = nullptr; }

TaskContext* TaskContext::ofOwnThread() { return t_own; }
TaskContext* TaskContext::ofAnyThread() { return t_own != nullptr ? t_own : t_starter; }

TaskContext* TaskContext::get() {
  if (t_own != nullptr || t_starter == nullptr) return t_own;
  MutexLock lock(t_starter->started_.mutex);
  return t_starter->started_.ended ? nullptr : t_starter;  // a thread of a pool may go on to work for others
}

}  // namespace cerium

// Clang links its sanitizers into the program, and they must own pthread_create. There, threads that a task starts
// belong to no task.
#if defined(__clang__)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define CERIUM_NO_TASK_THREADS
#endif
#endif

#ifndef CERIUM_NO_TASK_THREADS

namespace {

using Routine = void* (*)(void*);
using Create = int (*)(pthread_t*, const pthread_attr_t*, Routine, void*);

struct Start {
  Routine routine;
  void* argument;
  std::shared_ptr<cerium::TaskContext> task;
};

void* runForTask(void* given) {
  const std::unique_ptr<Start> start(static_cast<Start*>(given));
  const cerium::TaskContext::StartedThread belongs(*start->task);
  try {
    return start->routine(start->argument);
  } catch (const abi::__forced_unwind&) {  // pthread_exit and pthread_cancel end a thread by this exception
    throw;
  } catch (...) {
    if (!start->task->startedThreadThrew(std::current_exception())) {
      cerium::log::error("a thread that a task had started ended by an exception after the task's end: {}",
                         cerium::currentExceptionText().str());
    }
    return nullptr;
  }
}

}  // namespace

extern "C" [[gnu::visibility("default")]] int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                                                             Routine routine, void* argument) noexcept {
  static const auto create = reinterpret_cast<Create>(::dlsym(RTLD_NEXT, "pthread_create"));
  cerium::TaskContext* task = cerium::TaskContext::ofAnyThread();
  auto owner = task == nullptr ? nullptr : task->weak_from_this().lock();
  if (owner == nullptr) return create(thread, attributes, routine, argument);
  auto* start = new (std::nothrow) Start{routine, argument, std::move(owner)};
  if (start == nullptr) return EAGAIN;
  const int error = create(thread, attributes, &runForTask, start);
  if (error != 0) delete start;
  return error;
}

#endif
