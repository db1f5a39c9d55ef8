// Cerium. Licensed under the Apache License 2.0.
// Compiles Boost.JSON here once, so that machines that run Cerium do not need it installed.
#include <boost/json/src.hpp>
