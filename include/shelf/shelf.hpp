// API  [api] -> engine -> stores -> journal -> file
// Everything about tables: include this one. Databases of several tables are in database.hpp.
#pragma once

#include "shelf/batch.hpp"
#include "shelf/bounds.hpp"
#include "shelf/codec.hpp"
#include "shelf/config.hpp"
#include "shelf/convert.hpp"
#include "shelf/error.hpp"
#include "shelf/kind.hpp"
#include "shelf/metrics.hpp"
#include "shelf/migrate.hpp"
#include "shelf/open_tables.hpp"
#include "shelf/range.hpp"
#include "shelf/set.hpp"
#include "shelf/snapshot.hpp"
#include "shelf/table.hpp"
#include "shelf/tag.hpp"
#include "shelf/term.hpp"
#include "shelf/upkeep.hpp"
