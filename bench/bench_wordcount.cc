// Cerium. Licensed under the Apache License 2.0.
// wordcount: 512 MB of text whose words are drawn from a million by Zipf's law. The text is made once and kept in
// $TMPDIR. In the baseline, each thread reads its part of the file in blocks and counts into a table for each thread;
// then each thread merges its column.
#include <fcntl.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string_view>

#include "bench/bench.h"

namespace cerium::bench {
namespace {

using Table = CombineTable<std::string, int64_t>;
constexpr uint64_t kVocabulary = 1'000'000;

/// Word number `rank` of the vocabulary: longer and rarer as the number grows, of 1 to 12 letters.
std::string wordOf(uint64_t rank) {
  std::string word;
  for (uint64_t left = rank; left > 0 || word.empty(); left /= 13) word += static_cast<char>('a' + left % 13);
  const uint64_t tail = Hash<uint64_t>()(rank) % 7;
  for (uint64_t i = 0; i < tail; ++i) word += static_cast<char>('n' + (rank + i) % 13);
  return word;
}

/// The text for a size is always the same, with about ten words a line. P(rank) is about 1 / rank: Zipf's law with
/// exponent 1.
std::string textOf(const Options& options) {
  const auto size = static_cast<uint64_t>(options.scaled(int64_t{512} << 20));
  const char* folder = std::getenv("TMPDIR");
  const std::string path = std::string(folder != nullptr && *folder != '\0' ? folder : "/tmp") + "/cerium-zipf-" +
                           std::to_string(size) + ".txt";
  if (std::filesystem::exists(path)) return path;
  const std::string unfinished = path + "." + std::to_string(::getpid());
  std::ofstream out(unfinished, std::ios::binary);
  uint64_t written = 0;
  for (uint64_t i = 0; written < size; ++i) {
    const double uniform = static_cast<double>(Hash<uint64_t>()(i) >> 11) * 0x1p-53;
    const auto rank = static_cast<uint64_t>(std::pow(static_cast<double>(kVocabulary), uniform)) - 1;
    const std::string word = wordOf(rank) + (i % 10 == 9 ? '\n' : ' ');
    out << word;
    written += word.size();
  }
  out.close();
  if (!out) throw IoError("bench: cannot write " + unfinished + "; set TMPDIR to a folder with room for it");
  std::filesystem::rename(unfinished, path);
  return path;
}

/// Words, distinct words, and a sum that depends on which count belongs to which word.
struct Total {
  uint64_t words = 0;
  uint64_t distinct = 0;
  uint64_t checksum = 0;
  void add(const std::string& word, int64_t count) {
    words += static_cast<uint64_t>(count);
    ++distinct;
    checksum += Hash<std::pair<std::string_view, int64_t>>()({word, count});
  }
  void add(const Total& other) {
    words += other.words;
    distinct += other.distinct;
    checksum += other.checksum;
  }
};

void engine(Context& sc, const Options& options, Recorder& recorder) {
  const std::string path = textOf(options);
  recorder.measure([&] {
    auto counts = sc.textFile(path)
                      .flatMap([](const std::string& line) { return words(line); })
                      .map([](std::string word) { return std::pair(std::move(word), int64_t{1}); })
                      .reduceByKey(std::plus<>());
    const Total total = counts.aggregate(
        Total(),
        [](Total sum, const std::pair<std::string, int64_t>& count) {
          sum.add(count.first, count.second);
          return sum;
        },
        [](Total a, const Total& b) {
          a.add(b);
          return a;
        });
    return Answer{{total.words, total.distinct, total.checksum}, {}};
  });
}

bool isSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// Calls `f` with each word that begins in [begin, end) of the file, read a block at a time.
template <class F>
void eachWord(int file, size_t begin, size_t end, F f) {
  std::vector<char> block(size_t{1} << 20);
  std::string word;     // the word that the end of the block cuts
  bool inside = false;  // in a word that began before `begin`, which the previous thread counts
  if (begin > 0 && ::pread(file, block.data(), 1, static_cast<off_t>(begin - 1)) == 1) inside = !isSpace(block[0]);
  for (size_t at = begin;;) {
    const ssize_t n = ::pread(file, block.data(), block.size(), static_cast<off_t>(at));
    const char* from = block.data();
    const char* const last = from + std::max<ssize_t>(n, 0);
    while (inside && from != last && !isSpace(*from)) ++from;
    if (from != last) inside = false;
    while (from != last) {
      const char* to = from;
      while (to != last && !isSpace(*to)) ++to;
      word.append(from, to);
      if (to == last) break;
      if (!word.empty()) f(word);
      word.clear();
      from = to + 1;
      if (at + static_cast<size_t>(from - block.data()) >= end) return;
    }
    if (n <= 0) break;
    at += static_cast<size_t>(n);
  }
  if (!word.empty()) f(word);
}

void baseline(int threads, const Options& options, Recorder& recorder) {
  const std::string path = textOf(options);
  const auto n = static_cast<size_t>(threads);
  recorder.measure([&] {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) throw IoError("bench: cannot read " + path);
    const size_t size = std::filesystem::file_size(path);
    std::vector<std::vector<std::unique_ptr<Table>>> tables(n);
    onThreads(threads, [&](int t) {
      auto& mine = tables[static_cast<size_t>(t)];
      for (size_t i = 0; i < n; ++i) mine.push_back(std::make_unique<Table>());
      eachWord(file, sliceBegin(size, t, threads), sliceBegin(size, t + 1, threads), [&](std::string& word) {
        const uint64_t hash = Table::hashOf(word);
        mine[(hash >> 32) * n >> 32]->upsert(
            std::move(word), hash, [] { return int64_t{1}; }, [](int64_t& count) { ++count; });
      });
    });
    ::close(file);
    std::vector<Total> totals(n);
    onThreads(threads, [&](int t) {
      Table& merged = *tables[0][static_cast<size_t>(t)];
      for (size_t from = 1; from < n; ++from) {
        tables[from][static_cast<size_t>(t)]->forEach([&](Table::Entry& entry) {
          merged.upsert(
              std::move(entry.key), entry.hash, [&] { return entry.value; },
              [&](int64_t& count) { count += entry.value; });
        });
      }
      merged.forEach([&](Table::Entry& entry) { totals[static_cast<size_t>(t)].add(entry.key, entry.value); });
    });
    Total total;
    for (const Total& each : totals) total.add(each);
    return Answer{{total.words, total.distinct, total.checksum}, {}};
  });
}

}  // namespace
}  // namespace cerium::bench

int main(int argc, char** argv) {
  using namespace cerium::bench;
  const Options options = parseOptions(argc, argv);
  return compare({"wordcount", engine, baseline}, options);
}
