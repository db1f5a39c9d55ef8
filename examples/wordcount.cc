// Cerium. Licensed under the Apache License 2.0.
// The most frequent words of text files, and the time that counting took.
//   wordcount [PATH...]     files, folders or globs; .gz, .zst and .lz4 are unpacked
#include <cerium/cerium.h>

#include <chrono>
#include <iostream>

int main(int argc, char** argv) {
  cerium::Context sc(cerium::Conf().setAppName("word count"));
  std::string paths = argc > 1 ? argv[1] : "/usr/share/common-licenses";
  for (int i = 2; i < argc; ++i) paths += std::string(",") + argv[i];

  const auto begin = std::chrono::steady_clock::now();
  auto counts = sc.textFile(paths)
                    .flatMap([](const std::string& line) { return cerium::words(line); })
                    .map([](std::string word) { return std::pair(std::move(word), 1L); })
                    .reduceByKey(std::plus<>());
  auto most = counts.top(20, cerium::byValue());
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;

  for (const auto& [word, n] : most) std::cout << word << ' ' << n << '\n';
  const cerium::StageInfo totals = sc.statusTracker().totals();
  std::cout << "\nread: " << totals.records_read << " records, " << totals.bytes_read << " bytes\n"
            << "shuffled: " << totals.shuffle_bytes_written << " bytes\n"
            << "time: " << seconds.count() << " s on " << sc.master() << '\n';
  if (!sc.executorLogDir().empty()) std::cout << "logs of the executors: " << sc.executorLogDir() << '\n';
}
