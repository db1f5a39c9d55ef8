// Cerium. Licensed under the Apache License 2.0.
#include "driver/backend/result_fetcher.h"

#include <memory>
#include <utility>

#include "base/util/exception_text.h"

namespace cerium {

void ResultFetcher::fetch(Source source, FinishedTask task) {
  auto shared = std::make_shared<FinishedTask>(std::move(task));
  thread_.run([this, source = std::move(source), shared] { fetchNow(source, std::move(*shared)); });
}

void ResultFetcher::fetchNow(const Source& source, FinishedTask task) {
  const int64_t id = task.report.id.value;
  const auto thrown = guarded([&] {
    const auto result = client_.fetch(source.blocks, {-1, protocol::OpenBlocks::kResult, id, 0, {}}, nullptr);
    task.encoded_result = *result.bytes;
  });
  task.report.kept = false;
  if (thrown) {
    task.report.outcome = TaskEnd::Outcome::kEngineFailure;
    task.report.message = "the result cannot be fetched: " + thrown->str();
  }
  source.connection->send(protocol::encode(protocol::DropResult{id}));
  events_.taskEnded(source.id, std::move(task));
}

}  // namespace cerium
