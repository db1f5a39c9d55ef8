// Cerium. Licensed under the Apache License 2.0.
#include "base/util/serial_thread.h"

#include <pthread.h>

#include <utility>

#include "base/util/exception_text.h"
#include "base/util/log.h"

namespace cerium {

SerialThread::SerialThread(const std::string& name, AtEnd at_end)
    : name_(name), at_end_(at_end), thread_([this] { loop(); }) {
  pthread_setname_np(thread_.native_handle(), name.c_str());
}

void SerialThread::run(std::function<void()> function) {
  MutexLock lock(mutex_);
  if (stopping_) return;
  functions_.push_back(std::move(function));
  changed_.notifyOne();
}

void SerialThread::stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.notifyOne();
  }
  if (thread_.joinable()) thread_.join();
}

void SerialThread::loop() {
  MutexLock lock(mutex_);
  for (;;) {
    while (!stopping_ && functions_.empty()) changed_.wait(mutex_);
    if (stopping_ && (at_end_ == AtEnd::kDrop || functions_.empty())) return;
    auto function = std::move(functions_.front());
    functions_.pop_front();
    lock.unlock();
    if (const auto thrown = guarded(function)) log::error("{}: {}", name_, thrown->str());
    function = nullptr;  // destroyed without the lock, because destructors of captured values may call run()
    lock.lock();
  }
}

}  // namespace cerium
