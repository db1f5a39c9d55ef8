// Cerium. Licensed under the Apache License 2.0.
#include "driver/backend/result_fetcher.h"

#include <memory>
#include <utility>

#include "base/util/exception_text.h"

namespace cerium {

void ResultFetcher::fetch(const rpc::Endpoint& executor, rpc::ConnectionPtr connection, TaskEndEvent event) {
  auto shared = std::make_shared<TaskEndEvent>(std::move(event));
  thread_.run([this, executor, connection = std::move(connection), shared] {
    fetchNow(executor, connection, std::move(*shared));
  });
}

void ResultFetcher::fetchNow(const rpc::Endpoint& executor, const rpc::ConnectionPtr& connection, TaskEndEvent event) {
  const int64_t task = event.report.id.value;
  const auto thrown = guarded([&] {
    const auto result = client_.fetch(executor, {-1, protocol::OpenBlocks::kResult, task, 0, {}}, nullptr);
    event.encoded_result = *result.bytes;
  });
  event.kept = false;
  if (thrown) {
    event.report.outcome = TaskReport::Outcome::kEngineFailure;
    event.report.message = "the result cannot be fetched: " + thrown->str();
  }
  connection->send(protocol::encode(protocol::DropResult{task}));
  events_.taskEnded(std::move(event));
}

}  // namespace cerium
