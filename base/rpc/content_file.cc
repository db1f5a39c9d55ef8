// Cerium. Licensed under the Apache License 2.0.
#include "base/rpc/content_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>

#include "base/util/error.h"

namespace cerium::rpc {

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (context_ == nullptr || EVP_DigestInit_ex(static_cast<EVP_MD_CTX*>(context_), EVP_sha256(), nullptr) != 1) {
    EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_));
    throw Error("cannot compute SHA-256: OpenSSL offers no such algorithm in this process");
  }
}

Sha256::~Sha256() { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_)); }

void Sha256::update(const void* data, size_t size) { EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_), data, size); }

std::string Sha256::hex() {
  std::array<unsigned char, 32> digest{};
  EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_), digest.data(), nullptr);
  std::string text;
  for (unsigned char byte : digest) fmt::format_to(std::back_inserter(text), "{:02x}", byte);
  return text;
}

ContentFile::ContentFile(const std::string& path)
    : path_(path), fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  if (fd_ < 0) throw IoError(fmt::format("cannot read the file {}: {}", path, std::strerror(errno)));
  struct stat status {};
  if (::fstat(fd_, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(fd_);
    throw IoError(fmt::format("{} is not a regular file, so it cannot be sent to another machine", path));
  }
  bytes_ = static_cast<uint64_t>(status.st_size);
}

ContentFile::~ContentFile() { ::close(fd_); }

std::string ContentFile::hash() const {
  Sha256 sum;
  for (uint64_t offset = 0;;) {
    const Bytes bytes = piece(offset);
    if (bytes.empty()) return sum.hex();
    sum.update(bytes.data(), bytes.size());
    offset += bytes.size();
  }
}

Bytes ContentFile::piece(uint64_t offset) const {
  Bytes bytes;
  if (offset >= bytes_) return bytes;
  const ssize_t n = ::pread(fd_, bytes.grow(kPieceBytes), kPieceBytes, static_cast<off_t>(offset));
  if (n < 0) throw IoError(fmt::format("cannot read the file {}: {}", path_, std::strerror(errno)));
  bytes.truncate(static_cast<size_t>(n));
  return bytes;
}

}  // namespace cerium::rpc
