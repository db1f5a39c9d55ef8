// Cerium. Licensed under the Apache License 2.0.
// The sources of the cluster's secret, the secrets that are refused, and errors that do not quote a secret.
#include "base/rpc/secrets.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "base/util/error.h"
#include "tests/support/temp_folder.h"

namespace cerium::rpc {
namespace {

using Catch::Contains;
using cerium::testing::TempFolder;

/// Replaces the runtime folder and the secret's variable for a test, and restores them.
class Surroundings {
 public:
  explicit Surroundings(const TempFolder& folder) {
    ::setenv("XDG_RUNTIME_DIR", folder.path().c_str(), 1);
    ::unsetenv("CERIUM_AUTHENTICATE_SECRET");
  }
  ~Surroundings() {
    ::unsetenv("CERIUM_AUTHENTICATE_SECRET");
    if (before_.empty()) {
      ::unsetenv("XDG_RUNTIME_DIR");
    } else {
      ::setenv("XDG_RUNTIME_DIR", before_.c_str(), 1);
    }
  }

 private:
  std::string before_ = std::getenv("XDG_RUNTIME_DIR") == nullptr ? "" : std::getenv("XDG_RUNTIME_DIR");
};

std::string secretFile(const TempFolder& folder, const std::string& contents, mode_t mode) {
  std::string path = folder.write("secret-file", contents);
  ::chmod(path.c_str(), mode);
  return path;
}

std::string errorOf(const SecretQuery& query) {
  try {
    return "found " + findClusterSecret(query).value;
  } catch (const Error& error) {
    return error.what();
  }
}

mode_t modeOf(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
}

}  // namespace

TEST_CASE("derived secrets differ by purpose and by the cluster's secret", "[rpc]") {
  CHECK(deriveSecret("Jefe", "what do ya want for nothing?") ==  // RFC 4231, test case 2
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(deriveSecret("a", "application 1") != deriveSecret("a", "application 2"));
  CHECK(deriveSecret("a", "application 1") != deriveSecret("b", "application 1"));
  CHECK(deriveSecret("", "application 1").empty());
}

TEST_CASE("a file comes before the variable, and that before the file of the manager", "[rpc]") {
  const TempFolder folder;
  const Surroundings surroundings(folder);
  publishSecret("published", 7077);
  SecretQuery query{.host = "127.0.0.1", .port = 7077};
  CHECK(findClusterSecret(query).value == "published");
  ::setenv("CERIUM_AUTHENTICATE_SECRET", "from the variable", 1);
  CHECK(findClusterSecret(query).value == "from the variable");
  query.secret_file = secretFile(folder, "  from the file\n", 0600);
  CHECK(findClusterSecret(query).value == "from the file");
  CHECK(managerSecret(query, folder / "recovery").value == "from the file");
  query.authenticate = false;
  CHECK(findClusterSecret(query).value.empty());
}

TEST_CASE("a secret file that others can read, or that is invalid, is refused without being quoted", "[rpc]") {
  const TempFolder folder;
  const Surroundings surroundings(folder);
  SecretQuery query{.host = "host", .port = 7077};
  for (const mode_t mode : {0640, 0604, 0620, 0666}) {
    query.secret_file = secretFile(folder, "top secret", mode);
    CHECK_THAT(errorOf(query), Contains("chmod 600 " + query.secret_file) && !Contains("top secret"));
  }
  query.secret_file = secretFile(folder, " \n", 0400);
  CHECK_THAT(errorOf(query), Contains("is empty"));
  std::filesystem::remove(query.secret_file);
  query.secret_file = secretFile(folder, std::string(5000, 'x'), 0400);
  CHECK_THAT(errorOf(query), Contains("4096"));
  query.secret_file = folder / "missing";
  CHECK_THROWS_AS(findClusterSecret(query), InvalidArgument);
  CHECK_THAT(errorOf(query), Contains("there is no secret file " + folder / "missing"));
  query.secret_file = folder.path();
  CHECK_THAT(errorOf(query), Contains("not a regular file"));
}

TEST_CASE("an address that others can reach needs a secret or an explicit waiver of it", "[rpc]") {
  const TempFolder folder;
  const Surroundings surroundings(folder);
  for (const char* host : {"0.0.0.0", "::", "10.1.2.3", "manager.example", "127.evil.example"}) {
    const SecretQuery query{.host = host, .port = 7077};
    CHECK_THROWS_AS(managerSecret(query, folder / "recovery"), InvalidArgument);
    CHECK_THROWS_AS(findClusterSecret(query), InvalidArgument);
    CHECK_THROWS_WITH(managerSecret(query, folder / "recovery"), Contains("--secret-file") && Contains("--insecure"));
  }
  for (const char* host : {"localhost", "127.0.0.1", "127.1.2.3", "::1"}) CHECK(isLoopback(host));
}

TEST_CASE("on loopback a manager makes a secret once, and its user's processes find it", "[rpc]") {
  const TempFolder folder;
  const Surroundings surroundings(folder);
  const SecretQuery query{.host = "localhost", .port = 7077};
  CHECK_THROWS_AS(findClusterSecret(query), IoError);  // may be tried again
  const std::string made = managerSecret(query, folder / "state/recovery").value;
  CHECK(made.size() == 64);
  CHECK(modeOf(folder / "state/recovery") == 0700);
  CHECK(modeOf(folder / "state/recovery/secret") == 0600);
  CHECK(managerSecret(query, folder / "state/recovery").value == made);
  CHECK(managerSecret(query, folder / "other").value != made);

  publishSecret("old", 7077);
  publishSecret(made, 7077);
  CHECK(findClusterSecret(query).value == made);
  CHECK(modeOf(folder / "cerium") == 0700);
  CHECK(modeOf(folder / "cerium/manager-7077.secret") == 0600);
  CHECK_THROWS_AS(findClusterSecret({.host = "localhost", .port = 7078}), IoError);
}

TEST_CASE("a published secret that others could have put there is refused", "[rpc]") {
  const TempFolder folder;
  const Surroundings surroundings(folder);
  publishSecret("published", 7077);
  const SecretQuery query{.host = "::1", .port = 7077};
  ::chmod((folder / "cerium").c_str(), 0777);
  CHECK_THAT(errorOf(query), Contains("chmod 700 " + folder / "cerium"));
  CHECK_THROWS_AS(publishSecret("other", 7077), InvalidArgument);
  ::chmod((folder / "cerium").c_str(), 0700);
  std::filesystem::rename(folder / "cerium/manager-7077.secret", folder / "elsewhere");
  std::filesystem::create_symlink(folder / "elsewhere", folder / "cerium/manager-7077.secret");
  CHECK_THROWS_AS(findClusterSecret(query), InvalidArgument);
}

}  // namespace cerium::rpc
