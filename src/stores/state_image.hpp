// STORES  api -> engine -> [stores] -> journal -> file
// Tables written down whole: the batch that a file begins with, or that history leads to.
#pragma once

#include "journal/journal_file.hpp"
#include "shelf/progress.hpp"
#include "stores/file_store.hpp"

#include <span>

namespace shelf::stores {

/// Whether readers of files with one table would not understand this catalog.
[[nodiscard]] bool are_several(std::span<const table_image> tables) noexcept;

/// Adds the record that says what a table is, or that its id was used.
[[nodiscard]] result<> add_to_catalogue(journal::journal_file& to, std::uint32_t id,
                                        const table_description* as);
[[nodiscard]] result<> add_to_catalogue(journal::journal_file& to,
                                        std::span<const table_image> tables);

/// Adds all entries; `tell` is told of them.
[[nodiscard]] result<> add_entries(journal::journal_file& to, std::span<const table_image> tables,
                                   const progress& tell);

/// Of all tables.
[[nodiscard]] std::uint64_t count_entries(std::span<const table_image> tables) noexcept;

}  // namespace shelf::stores
