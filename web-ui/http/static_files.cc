// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/http/static_files.h"

#include <zlib.h>

#include "base/util/error.h"

namespace cerium::http {
namespace {

constexpr const char* kPolicy =
    "default-src 'self'; style-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self'";

Response answer(const StaticFile& file, const Request& request) {
  Response response;
  response.type = file.type;
  response.headers = {
      {"Content-Security-Policy", kPolicy}, {"Referrer-Policy", "no-referrer"}, {"Vary", "Accept-Encoding"}};
  if (request.header("accept-encoding").find("gzip") == std::string::npos) {
    response.body = unpack(file.packed);
  } else {
    response.body = file.packed;
    response.headers.emplace_back("Content-Encoding", "gzip");
  }
  return response;
}

}  // namespace

void addStaticFiles(Router& router, std::span<const StaticFile> files) {
  for (const StaticFile& file : files)
    router.get(file.path, [file](const Request& request) { return answer(file, request); });
}

std::string unpack(std::string_view packed) {
  z_stream stream{};
  constexpr int kGzip = 16;
  if (inflateInit2(&stream, MAX_WBITS + kGzip) != Z_OK) throw CorruptData("zlib does not start");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string text;
  int status = Z_OK;
  while (status == Z_OK) {
    char buffer[64 << 10];
    stream.next_out = reinterpret_cast<Bytef*>(buffer);
    stream.avail_out = sizeof buffer;
    status = inflate(&stream, Z_NO_FLUSH);
    text.append(buffer, sizeof buffer - stream.avail_out);
  }
  inflateEnd(&stream);
  if (status != Z_STREAM_END) throw CorruptData("a file of the web pages is damaged");
  return text;
}

}  // namespace cerium::http
