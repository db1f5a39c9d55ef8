// Cerium. Licensed under the Apache License 2.0.
#include "driver/result_fetcher.h"

#include <pthread.h>

namespace cerium {

ResultFetcher::ResultFetcher(rpc::Transport& transport, BackendEvents& events)
    : client_(transport), events_(events), thread_([this] { run(); }) {
  pthread_setname_np(thread_.native_handle(), "cerium-results");
}

ResultFetcher::~ResultFetcher() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void ResultFetcher::fetch(const rpc::Endpoint& executor, rpc::ConnectionPtr connection, TaskEndEvent event) {
  std::lock_guard lock(mutex_);
  orders_.push_back({executor, std::move(connection), std::move(event)});
  wake_.notify_one();
}

void ResultFetcher::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !orders_.empty(); });
    if (stopping_) return;
    Order order = std::move(orders_.front());
    orders_.pop_front();
    lock.unlock();
    process(std::move(order));
    lock.lock();
  }
}

void ResultFetcher::process(Order order) {
  const int64_t task = order.event.report.id.value;
  try {
    auto segment = client_.fetch(order.executor, {-1, protocol::OpenBlocks::kResult, task, 0, {}}, nullptr);
    order.event.encoded_result = *segment.bytes;
  } catch (const IoError& e) {
    order.event.report.outcome = TaskReport::Outcome::kEngineFailure;
    order.event.report.message = std::string("the result cannot be fetched: ") + e.what();
  }
  order.connection->send(protocol::encode(protocol::DropResult{task}));
  events_.taskEnded(std::move(order.event));
}

}  // namespace cerium
