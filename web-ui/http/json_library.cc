// Cerium. Licensed under the Apache License 2.0.
// Boost.JSON itself, compiled here once, so that nothing more has to be installed where Cerium runs.
#include <boost/json/src.hpp>
