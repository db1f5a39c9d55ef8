// Cerium. Licensed under the Apache License 2.0.
// Where the secret of a cluster comes from, and what is derived from it.
// From the strongest: the file of cerium.authenticate.secretFile; the environment variable CERIUM_AUTHENTICATE_SECRET;
// on loopback, the file that the manager of this user made: manager-PORT.secret in $XDG_RUNTIME_DIR/cerium, or in
// /tmp/cerium-UID where there is no such folder. With cerium.authenticate=false it is empty, whatever there is.
// Secrets stand in no message, log or command line; neither do the errors of this file quote them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/rpc/transport.h"

namespace cerium::rpc {

/// HMAC-SHA-256 of `purpose` ("application app-1") under the cluster's secret, in hex; empty under an empty secret, as
/// a cluster without authentication has none anywhere.
[[nodiscard]] std::string deriveSecret(const std::string& cluster_secret, const std::string& purpose);

struct ClusterSecret {
  std::string value;
  std::string origin;    ///< For a human: "the file /etc/cerium/secret", "the environment variable ...", "--insecure".
  bool is_made = false;  ///< By the manager itself, which has to publish it.
};

struct SecretQuery {
  std::string secret_file = {};  ///< cerium.authenticate.secretFile; may be empty.
  bool authenticate = true;
  std::string host = {};  ///< Of the manager: where to connect to, or where it listens.
  uint16_t port = 0;
};

/// 32 random bytes, in hex. Throws IoError where the system has none.
[[nodiscard]] std::string newSecret();

/// "localhost", 127.x.y.z, ::1: an address that only this machine reaches.
[[nodiscard]] bool isLoopback(const std::string& host);

/// For a process that connects to a manager. Throws InvalidArgument for a configured secret that cannot be used (no
/// such file, readable by others, empty) or that is missing; IoError where the manager is on loopback and has not made
/// its secret (yet): it may be tried again.
[[nodiscard]] ClusterSecret findClusterSecret(const SecretQuery& query);
/// For a cluster with several managers, which have one secret: that of the first which has made or been given one.
/// `query` needs no host and port. Throws IoError that says of each why not.
[[nodiscard]] ClusterSecret findClusterSecret(SecretQuery query, const std::vector<Endpoint>& managers);

/// For the manager, before it listens at `query`. On loopback without a configured secret, reads or makes the one in
/// `keep_in` (a folder of its own, made 0700), so that a restarted or a standby manager has the same.
/// Throws InvalidArgument as above, and for a wider address without a secret, which names the ways out.
[[nodiscard]] ClusterSecret managerSecret(const SecretQuery& query, const std::string& keep_in);

/// For the manager, once it listens on this port of loopback with a secret that it made: puts it where this user's
/// processes find it. Throws IoError.
void publishSecret(const std::string& secret, uint16_t port);

}  // namespace cerium::rpc
