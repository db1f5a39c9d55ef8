// Cerium. Licensed under the Apache License 2.0.
#include "base/rpc/secrets.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "base/util/descriptor.h"
#include "base/util/error.h"

namespace cerium::rpc {
namespace {

constexpr const char* kVariable = "CERIUM_AUTHENTICATE_SECRET";
constexpr size_t kMaxSecretBytes = 4096;
constexpr std::string_view kBlanks = " \t\r\n";

std::string inHex(const unsigned char* bytes, size_t size) {
  std::string text;
  for (size_t i = 0; i < size; ++i) fmt::format_to(std::back_inserter(text), "{:02x}", bytes[i]);
  return text;
}

std::string reason() { return std::strerror(errno); }

/// The text of a file that only its owner may read. Throws InvalidArgument, or IoError if there is no such file.
std::string readSecretFile(const std::string& path, int flags = 0) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags));
  if (file.get() < 0 && errno == ENOENT) throw IoError(fmt::format("there is no secret file {}", path));
  if (file.get() < 0) throw InvalidArgument(fmt::format("cannot read the secret file {}: {}", path, reason()));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
    throw InvalidArgument(fmt::format("the secret file {} is not a regular file", path));
  if (status.st_uid != ::geteuid() && status.st_uid != 0) {
    throw InvalidArgument(fmt::format("the secret file {} belongs to user {}, who can change it; chown it to user {}",
                                      path, status.st_uid, ::geteuid()));
  }
  if ((status.st_mode & 077) != 0) {
    throw InvalidArgument(fmt::format("the secret file {} can be read by others (mode {:04o}); run: chmod 600 {}", path,
                                      status.st_mode & 07777, path));
  }
  std::string text(kMaxSecretBytes + 1, '\0');
  const ssize_t count = ::read(file.get(), text.data(), text.size());
  if (count < 0) throw InvalidArgument(fmt::format("cannot read the secret file {}: {}", path, reason()));
  if (static_cast<size_t>(count) > kMaxSecretBytes)
    throw InvalidArgument(fmt::format("the secret file {} has more than {} bytes", path, kMaxSecretBytes));
  text.resize(static_cast<size_t>(count));
  text.erase(text.find_last_not_of(kBlanks) + 1);
  text.erase(0, text.find_first_not_of(kBlanks));
  if (text.empty())
    throw InvalidArgument(
        fmt::format("the secret file {} is empty; for example: openssl rand -hex 32 > {}", path, path));
  return text;
}

/// Makes the folder if it is missing.
void makeOwnFolder(const std::string& path) {
  std::error_code error;
  if (const auto parent = std::filesystem::path(path).parent_path(); !parent.empty())
    std::filesystem::create_directories(parent, error);
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    throw IoError(fmt::format("cannot make the folder {}: {}", path, reason()));
}

// Throws unless the folder belongs to this user alone: other users could swap the files in it.
void checkOwnFolder(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) throw IoError(fmt::format("there is no folder {}: {}", path, reason()));
  if (!S_ISDIR(status.st_mode) || status.st_uid != ::geteuid() || (status.st_mode & 022) != 0) {
    throw InvalidArgument(
        fmt::format("{} must be a folder of user {} in which only that user can write; remove it or run: chmod 700 {}",
                    path, ::geteuid(), path));
  }
}

std::string runtimeFolder() {
  const char* given = std::getenv("XDG_RUNTIME_DIR");
  std::error_code error;
  if (given != nullptr && *given == '/' && std::filesystem::is_directory(given, error))
    return std::string(given) + "/cerium";
  return fmt::format("/tmp/cerium-{}", ::geteuid());
}

std::string publishedFile(uint16_t port) { return fmt::format("{}/manager-{}.secret", runtimeFolder(), port); }

/// Writes a new file beside `path`. The caller renames it, so that a reader never sees half a secret.
std::string writeBeside(const std::string& path, const std::string& secret) {
  std::string name = path + ".XXXXXX";
  const Descriptor file(::mkostemp(name.data(), O_CLOEXEC));  // mode 0600, O_EXCL
  if (file.get() < 0) throw IoError(fmt::format("cannot make a file in the folder of {}: {}", path, reason()));
  const std::string line = secret + "\n";
  int error = writeAll(file.get(), line);
  if (error == 0 && ::fsync(file.get()) != 0) error = errno;
  if (error != 0) {
    const std::string why = std::strerror(error);
    ::unlink(name.c_str());
    throw IoError(fmt::format("cannot write {}: {}", path, why));
  }
  return name;
}

/// Looks at the sources that hold for every address. Returns true if they give the secret.
bool findConfigured(const SecretQuery& query, ClusterSecret& found) {
  if (!query.authenticate) {
    found = {"", "--insecure (cerium.authenticate=false)"};
    return true;
  }
  if (!query.secret_file.empty()) {
    try {
      found = {readSecretFile(query.secret_file), "the file " + query.secret_file};
    } catch (const IoError& error) {
      throw InvalidArgument(fmt::format("cerium.authenticate.secretFile: {}", error.what()));
    }
    return true;
  }
  const char* variable = std::getenv(kVariable);
  if (variable == nullptr || *variable == '\0') return false;
  found = {variable, fmt::format("the environment variable {}", kVariable)};
  return true;
}

}  // namespace

std::string deriveSecret(const std::string& cluster_secret, const std::string& purpose) {
  if (cluster_secret.empty()) return "";
  std::array<unsigned char, 32> digest{};
  unsigned int length = 0;
  if (HMAC(EVP_sha256(), cluster_secret.data(), static_cast<int>(cluster_secret.size()),
           reinterpret_cast<const unsigned char*>(purpose.data()), purpose.size(), digest.data(), &length) == nullptr ||
      length != digest.size())
    throw Error("cannot compute HMAC-SHA-256: OpenSSL offers no such algorithm in this process");
  return inHex(digest.data(), digest.size());
}

std::string newSecret() {
  std::array<unsigned char, 32> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw IoError(fmt::format("the system has no random bytes to give: {}", reason()));
  return inHex(bytes.data(), bytes.size());
}

bool isLoopback(const std::string& host) {
  return host == "localhost" || host == "::1" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos);
}

ClusterSecret findClusterSecret(const SecretQuery& query) {
  ClusterSecret found;
  if (findConfigured(query, found)) return found;
  if (!isLoopback(query.host)) {
    throw InvalidArgument(fmt::format(
        "the manager at {}:{} asks for the cluster's secret, and none is given; name its file (mode 0600) with "
        "cerium.authenticate.secretFile, put it into {}, or, where the manager runs with --insecure, set "
        "cerium.authenticate=false",
        query.host, query.port, kVariable));
  }
  const std::string path = publishedFile(query.port);
  try {
    checkOwnFolder(runtimeFolder());
    return {readSecretFile(path, O_NOFOLLOW), "the file " + path};
  } catch (const IoError& error) {
    throw IoError(
        fmt::format("no secret is given, and no manager of this user has made one for {}:{} ({}); start it "
                    "with: cerium manager --port {}",
                    query.host, query.port, error.what(), query.port));
  }
}

ClusterSecret findClusterSecret(SecretQuery query, const std::vector<Endpoint>& managers) {
  std::string failures;
  for (const Endpoint& each : managers) {
    query.host = each.host;
    query.port = each.port;
    try {
      return findClusterSecret(query);
    } catch (const IoError& e) {
      failures += (failures.empty() ? "" : "; ") + std::string(e.what());
    }
  }
  throw IoError(failures);
}

ClusterSecret managerSecret(const SecretQuery& query, const std::string& keep_in) {
  ClusterSecret found;
  if (findConfigured(query, found)) return found;
  if (!isLoopback(query.host)) {
    throw InvalidArgument(fmt::format(
        "anyone who reaches {} could run programs here: give the cluster a secret with --secret-file FILE "
        "(mode 0600) or the environment variable {}, or, on a network that you trust altogether, add --insecure",
        query.host, kVariable));
  }
  makeOwnFolder(keep_in);
  checkOwnFolder(keep_in);
  const std::string path = keep_in + "/secret";
  if (::access(path.c_str(), F_OK) != 0) {
    const std::string name = writeBeside(path, newSecret());
    // link, unlike rename, does not replace a file that another manager has made meanwhile.
    const bool linked = ::link(name.c_str(), path.c_str()) == 0 || errno == EEXIST;
    const std::string why = reason();
    ::unlink(name.c_str());
    if (!linked) throw IoError(fmt::format("cannot make {}: {}", path, why));
  }
  return {readSecretFile(path, O_NOFOLLOW), "the file " + path, true};
}

void publishSecret(const std::string& secret, uint16_t port) {
  makeOwnFolder(runtimeFolder());
  checkOwnFolder(runtimeFolder());
  const std::string path = publishedFile(port);
  const std::string name = writeBeside(path, secret);
  if (::rename(name.c_str(), path.c_str()) != 0) {
    const std::string why = reason();
    ::unlink(name.c_str());
    throw IoError(fmt::format("cannot make {}: {}", path, why));
  }
}

}  // namespace cerium::rpc
