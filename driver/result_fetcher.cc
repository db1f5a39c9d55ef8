// Cerium. Licensed under the Apache License 2.0.
#include "driver/result_fetcher.h"

#include <memory>
#include <utility>

namespace cerium {

void ResultFetcher::fetch(const rpc::Endpoint& executor, rpc::ConnectionPtr connection, TaskEndEvent event) {
  auto shared = std::make_shared<TaskEndEvent>(std::move(event));
  thread_.run([this, executor, connection = std::move(connection), shared] {
    fetchNow(executor, connection, std::move(*shared));
  });
}

void ResultFetcher::fetchNow(const rpc::Endpoint& executor, const rpc::ConnectionPtr& connection, TaskEndEvent event) {
  const int64_t task = event.report.id.value;
  try {
    const auto result = client_.fetch(executor, {-1, protocol::OpenBlocks::kResult, task, 0, {}}, nullptr);
    event.encoded_result = *result.bytes;
  } catch (const IoError& e) {
    event.report.outcome = TaskReport::Outcome::kEngineFailure;
    event.report.message = std::string("the result cannot be fetched: ") + e.what();
  }
  connection->send(protocol::encode(protocol::DropResult{task}));
  events_.taskEnded(std::move(event));
}

}  // namespace cerium
