// Cerium. Licensed under the Apache License 2.0.
#include "base/config/master_url.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <limits>
#include <optional>

#include "base/config/config_values.h"
#include "base/util/error.h"
#include "base/util/nearest.h"

namespace cerium {
namespace {

using Kind = MasterUrl::Kind;

constexpr std::string_view kScheme = "cerium://";
constexpr std::string_view kForms =
    "local, local[N], local[*], local[N,maxFailures] (threads of this program), "
    "local-cluster[executors,cores,memory] (processes of this machine), cerium://host:port[,host:port...] (a cluster)";

std::vector<std::string_view> splitAtCommas(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t comma = text.find(',');
    parts.push_back(text.substr(0, comma));
    if (comma == text.npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

/// The parts between the brackets of "name[a,b]", without blanks; nothing for text of another form.
std::optional<std::vector<std::string_view>> arguments(std::string_view text, std::string_view name) {
  if (!text.starts_with(name)) return std::nullopt;
  text.remove_prefix(name.size());
  if (!text.starts_with('[') || !text.ends_with(']')) return std::nullopt;
  auto parts = splitAtCommas(text.substr(1, text.size() - 2));
  for (std::string_view& part : parts) part = trimmed(part);
  return parts;
}

std::optional<int> positive(std::string_view text, int64_t most = std::numeric_limits<int>::max()) {
  const auto number = parseInt(text);
  return number && *number >= 1 && *number <= most ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

std::optional<MasterUrl> parseLocal(const std::vector<std::string_view>& parts) {
  const auto threads = parts[0] == "*" ? std::optional(0) : positive(parts[0]);
  const auto failures = parts.size() == 2 ? positive(parts[1]) : std::optional(1);
  if (parts.size() > 2 || !threads || !failures) return std::nullopt;
  return MasterUrl{.kind = Kind::kLocal, .threads = *threads, .max_failures = *failures};
}

std::optional<MasterUrl> parseLocalCluster(const std::vector<std::string_view>& parts) {
  constexpr int64_t kMiB = 1 << 20;
  if (parts.size() != 3) return std::nullopt;
  const auto executors = positive(parts[0]);
  const auto cores = positive(parts[1]);
  const auto memory = parseSize(parts[2], kMiB);
  if (!executors || !cores || !memory || *memory < kMiB) return std::nullopt;
  return MasterUrl{.kind = Kind::kLocalCluster, .executors = *executors, .cores = *cores, .memory_bytes = *memory};
}

std::optional<MasterUrl::Endpoint> parseEndpoint(std::string_view text) {
  constexpr std::string_view kNotInNames = " \t/@?#[]:";
  const size_t colon = text.rfind(':');
  if (colon == text.npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const auto port = positive(text.substr(colon + 1), std::numeric_limits<uint16_t>::max());
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  const bool named = bracketed ? host.find_first_not_of("0123456789abcdefABCDEF:.%") == host.npos
                               : host.find_first_of(kNotInNames) == host.npos;
  if (!port || host.empty() || !named) return std::nullopt;
  return MasterUrl::Endpoint{std::string(host), static_cast<uint16_t>(*port)};
}

std::optional<MasterUrl> parseStandalone(std::string_view list) {
  MasterUrl url{.kind = Kind::kStandalone};
  for (const std::string_view part : splitAtCommas(list)) {
    auto endpoint = parseEndpoint(trimmed(part));
    if (!endpoint) return std::nullopt;
    url.endpoints.push_back(std::move(*endpoint));
  }
  return url;
}

std::optional<MasterUrl> tryParse(std::string_view text) {
  if (text == "local") return MasterUrl{};
  if (const auto parts = arguments(text, "local")) return parseLocal(*parts);
  if (const auto parts = arguments(text, "local-cluster")) return parseLocalCluster(*parts);
  if (text.starts_with(kScheme)) return parseStandalone(text.substr(kScheme.size()));
  return std::nullopt;
}

/// The text with likely mistakes corrected: case, blanks, round brackets, a misspelt word, a missing bracket, scheme or
/// port.
std::string repaired(std::string_view text) {
  std::string fixed;
  for (const char c : text) {
    if (c == ' ') continue;
    fixed += c == '(' ? '[' : c == ')' ? ']' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  constexpr std::string_view kWords[] = {"local", "local-cluster", "cerium"};
  const std::string word = fixed.substr(0, fixed.find_first_of("[:/"));
  const std::string_view meant = nearestWord(word, kWords);
  const bool known = editDistance(word, meant) <= 2;
  std::string rest = known ? fixed.substr(word.size()) : fixed;
  if (known && meant.starts_with("local")) {
    if (rest.starts_with('[') && !rest.ends_with(']')) rest += ']';
    return std::string(meant) + rest;
  }
  rest.erase(0, std::min(rest.find_first_not_of(":/"), rest.size()));
  if (rest.ends_with('/')) rest.pop_back();
  if (rest.find(':') == rest.npos) rest += ":7077";
  return std::string(kScheme) + rest;
}

/// The end of the error message: what to write instead.
std::string hintFor(std::string_view text) {
  constexpr std::string_view kSpark = "spark://";
  if (text.starts_with(kSpark)) {
    return fmt::format("; a Spark master cannot run Cerium programs: start `cerium manager` and write {}{}.", kScheme,
                       text.substr(kSpark.size()));
  }
  if (text.starts_with("yarn") || text.starts_with("k8s") || text.starts_with("mesos")) {
    return "; Cerium has a cluster manager of its own: start `cerium manager` and write cerium://host:7077.";
  }
  const std::string fixed = repaired(text);
  // A single word could be a host name, but is more likely a misspelt master.
  const bool guessed = tryParse(fixed) && (text.find_first_of("[(:") != text.npos || !fixed.starts_with(kScheme));
  return guessed ? fmt::format("; did you mean {}?", fixed) : ".";
}

}  // namespace

MasterUrl parseMasterUrl(std::string_view text) {
  text = trimmed(text);
  if (auto url = tryParse(text)) return std::move(*url);
  throw InvalidArgument(fmt::format("\"{}\" is not a master{} The forms are {}", text, hintFor(text), kForms));
}

}  // namespace cerium
