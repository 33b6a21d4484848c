// API  [api] -> engine -> stores -> journal -> file
// Tables with indexes: what to include for them.
#pragma once

#include "shelf/index_kind.hpp"
#include "shelf/indexed.hpp"
#include "shelf/indexed_table.hpp"
