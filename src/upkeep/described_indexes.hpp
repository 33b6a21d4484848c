// UPKEEP  cli -> rows -> [upkeep] -> engine -> stores -> journal -> file
// Indexes of files, kept without the program whose they are.
#pragma once

#include "shelf/detail/function_ref.hpp"
#include "shelf/detail/index_definition.hpp"
#include "shelf/upkeep.hpp"

#include <string>
#include <vector>

namespace shelf::detail {

/// The unique indexes that the file records, over members that its schema tells; null: none.
/// Errors: corrupt: such a member is not in the schema.
[[nodiscard]] result<index_definitions> unique_indexes(const file_description& d);

/// Whether all fields that its indexes are over are there. Errors: type_mismatch.
[[nodiscard]] result<> check_indexes(const file_description& d);

/// The indexes of a table that is about to have another schema, all of whose fields are there as
/// before, by the names that they get: `name_of` tells the new name of a field.
[[nodiscard]] std::vector<index_description> carried_indexes(
    const file_description& before, const std::string& value_schema,
    function_ref<std::string(const std::string&)> name_of);

/// What the file records, but for unique indexes.
[[nodiscard]] std::vector<index_description> without_unique(std::vector<index_description> all);

}  // namespace shelf::detail
