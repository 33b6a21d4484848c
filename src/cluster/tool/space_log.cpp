// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// Two sessions: one reads commits as every node does, the other asks what only the tool wants.
#include "cluster/tool/space_log.hpp"

#include "cluster/ddl.hpp"
#include "cluster/row_reader.hpp"

#include <array>

namespace shelf::cluster {

result<space_log> space_log::open(const request& r, deadline until) {
  const auto how = space_of(r);
  auto session = open_postgres(how, until);
  if (!session) return std::unexpected(session.error());
  auto c = connection::open(how.connection, until);
  if (!c) return std::unexpected(c.error());
  const auto space = find_space(*c, how.schema, how.space, until);
  if (!space) return std::unexpected(space.error());
  return space_log(*std::move(c), *std::move(session), how.schema, *space);
}

result<space_log::extent> space_log::bounds(deadline until) {
  const std::array parameters{wire::encode(space_)};
  auto rows = connection_.query(
      "read the extent of the log",
      for_schema("SELECT f.seq, f.nonce, s.seq, s.nonce,"
                 " (SELECT count(*) FROM @schema@.commits c WHERE c.space = s.id)"
                 " FROM @schema@.spaces s CROSS JOIN LATERAL (SELECT c.seq, c.nonce"
                 " FROM @schema@.commits c WHERE c.space = s.id ORDER BY c.seq LIMIT 1) f"
                 " WHERE s.id = $1",
                 schema_),
      parameters, until);
  if (!rows) return std::unexpected(rows.error());
  if (rows->rows() == 0) {
    return std::unexpected(error(errc::server_error, connection_.label() + ": the log is empty"));
  }
  row_reader fields(*rows, 0);
  extent e;
  e.first.seq = fields.take<std::int64_t>();
  e.first.nonce = fields.take<uuid>();
  e.last.seq = fields.take<std::int64_t>();
  e.last.nonce = fields.take<uuid>();
  e.kept = fields.take<std::int64_t>();
  if (auto read = fields.outcome(); !read) return std::unexpected(read.error());
  return e;
}

result<log_position> space_log::at(std::int64_t seq, deadline until) {
  const std::array parameters{wire::encode(space_), wire::encode(seq)};
  auto rows = connection_.query(
      "read a commit",
      for_schema("SELECT nonce FROM @schema@.commits WHERE space = $1 AND seq = $2", schema_),
      parameters, until);
  if (!rows) return std::unexpected(rows.error());
  if (rows->rows() == 0) {
    return std::unexpected(error(
        errc::not_found, connection_.label() + ": the log has no commit " + std::to_string(seq)));
  }
  auto nonce = rows->get<uuid>(0, 0);
  if (!nonce) return std::unexpected(nonce.error());
  return log_position{.seq = seq, .nonce = *nonce};
}

result<const logged_table*> space_log::table(std::int32_t id, deadline until) {
  auto found = tables_.find(id);
  if (found == tables_.end()) {
    if (auto read = read_tables(until); !read) return std::unexpected(read.error());
    found = tables_.find(id);
  }
  return found == tables_.end() ? nullptr : &found->second;
}

result<> space_log::read_tables(deadline until) {
  const std::array parameters{wire::encode(space_)};
  auto rows = connection_.query(
      "read the catalog",
      for_schema("SELECT id, name, kind, key_schema, value_schema, dropped FROM @schema@.tables"
                 " WHERE space = $1",
                 schema_),
      parameters, until);
  if (!rows) return std::unexpected(rows.error());
  for (std::size_t i = 0; i < rows->rows(); ++i) {
    row_reader fields(*rows, i);
    const auto id = fields.take<std::int32_t>();
    auto name = fields.take<std::string>();
    const auto what = static_cast<kind>(fields.take<std::int16_t>());
    const auto key = fields.take<bytes>();
    const auto value = fields.take<bytes>();
    const auto is_dropped = fields.take<bool>();
    if (auto read = fields.outcome(); !read) return read;
    auto key_type = rows::schema::parse(std::string(as_text(key)));
    if (!key_type) return std::unexpected(key_type.error());
    auto value_type = rows::schema::parse(std::string(as_text(value)));
    if (!value_type) return std::unexpected(value_type.error());
    tables_.insert_or_assign(id,
                             logged_table{.name = std::move(name),
                                          .what = what,
                                          .types = {*std::move(key_type), *std::move(value_type)},
                                          .is_dropped = is_dropped});
  }
  return {};
}

}  // namespace shelf::cluster
