// Cerium. Licensed under the Apache License 2.0.
// cerium::words: cuts a line at white space, word by word, without a vector.
#pragma once

#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>

namespace cerium {

/// The words of a line, as a range of std::string. It holds a copy of the line.
class Words {
 public:
  using value_type = std::string;

  explicit Words(std::string_view line);
  Words(Words&& other) noexcept;
  Words& operator=(Words&&) = delete;
  ~Words();

  class iterator {
   public:
    using value_type = std::string;
    using difference_type = std::ptrdiff_t;
    using reference = std::string;
    using pointer = const std::string*;
    using iterator_category = std::input_iterator_tag;

    iterator() = default;
    iterator(const char* at, const char* end) : begin_(at), word_end_(at), end_(end) { advance(); }
    std::string operator*() const { return {begin_, word_end_}; }
    iterator& operator++() {
      begin_ = word_end_;
      advance();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& a, const iterator& b) { return a.begin_ == b.begin_; }

   private:
    static bool isSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
    void advance() {
      while (begin_ != end_ && isSpace(*begin_)) ++begin_;
      word_end_ = begin_;
      while (word_end_ != end_ && !isSpace(*word_end_)) ++word_end_;
    }
    const char* begin_ = nullptr;
    const char* word_end_ = nullptr;
    const char* end_ = nullptr;
  };
  using const_iterator = iterator;
  [[nodiscard]] iterator begin() const { return {line_.data(), line_.data() + line_.size()}; }
  [[nodiscard]] iterator end() const { return {line_.data() + line_.size(), line_.data() + line_.size()}; }

 private:
  std::string line_;
};

/// Cuts a line at spaces, tabs and line ends. O(length).
///   sc.textFile(path).flatMap([](const std::string& line) { return cerium::words(line); })
inline Words words(std::string_view line) { return Words(line); }

}  // namespace cerium
