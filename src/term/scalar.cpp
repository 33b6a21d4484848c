// TERM  vocabulary of every room
// One function a family of tags, as in reader.cpp.
#include "term/scalar.hpp"

#include "term/scalar_output.hpp"

#include <cassert>

namespace shelf::terms {
namespace {

using output = std::vector<std::byte>;

void append_integer(output& out, tag what, bytes content) {
  switch (what) {
    case tag::small_integer: return put_integer(out, std::to_integer<std::int64_t>(content[0]));
    case tag::integer:
      return put_integer(out, static_cast<std::int32_t>(load_big<std::uint32_t>(content.data())));
    default: return put_integer(out, content[0] != std::byte{0}, content.subspan(1));
  }
}

void append_atom(output& out, const reader& in, const head& h) {
  const bool latin1 = h.what == tag::atom || h.what == tag::small_atom;
  return latin1 ? put_latin1_atom(out, in.content(h)) : put_atom(out, in.content(h));
}

void append_creation(output& out, bytes field) {
  put_big(out, field.size() == 1 ? std::to_integer<std::uint32_t>(field[0])
                                 : load_big<std::uint32_t>(field.data()));
}

void append_pid(output& out, const reader& in, const head& h) {
  const head node = in.node_of(h);
  const auto fields = in.content({.what = h.what, .body = node.end, .end = h.end});
  put_tag(out, tag::new_pid);
  append_atom(out, in, node);
  put(out, fields.first(8));
  append_creation(out, fields.subspan(8));
}

void append_port(output& out, const reader& in, const head& h) {
  const head node = in.node_of(h);
  const auto fields = in.content({.what = h.what, .body = node.end, .end = h.end});
  const std::size_t size = h.what == tag::v4_port ? 8 : 4;
  const std::uint64_t number =
      size == 8 ? load_big<std::uint64_t>(fields.data()) : load_big<std::uint32_t>(fields.data());
  const bool small = number < std::uint64_t{1} << 28;
  put_tag(out, small ? tag::new_port : tag::v4_port);
  append_atom(out, in, node);
  if (small)
    put_big(out, static_cast<std::uint32_t>(number));
  else
    put_big(out, number);
  append_creation(out, fields.subspan(size));
}

void append_reference(output& out, const reader& in, const head& h) {
  const head node = in.node_of(h);
  const auto fields = in.content({.what = h.what, .body = node.end, .end = h.end});
  // reference has its word before the creation, the others after it.
  const std::size_t creation = h.what == tag::newer_reference ? 4 : 1;
  const bool oldest = h.what == tag::reference;
  const auto words = oldest ? fields.first(4) : fields.subspan(creation);
  put_tag(out, tag::newer_reference);
  put_big(out, static_cast<std::uint16_t>(words.size() / 4));
  append_atom(out, in, node);
  append_creation(out, oldest ? fields.subspan(4) : fields.first(creation));
  put(out, words);
}

void append_fun(output& out, const reader& in, const head& h) {
  const auto f = in.fun_of(h);
  const auto start = out.size();
  put_tag(out, tag::new_fun);
  put_big(out, std::uint32_t{0});
  put_big(out, std::to_integer<std::uint8_t>(f.arity));
  put(out, f.unique);
  put_big(out, f.index);
  put_big(out, f.free_variables);
  append_atom(out, in, f.module);
  put_integer(out, f.old_index);
  put_integer(out, f.old_unique);
  append_pid(out, in, f.creator);
  settle_fun_size(out, start);
}

void append_export(output& out, const reader& in, const head& h) {
  const auto [module, function, arity] = in.export_of(h);
  put_tag(out, tag::fun_export);
  append_atom(out, in, module);
  append_atom(out, in, function);
  append_integer(out, arity.what, in.content(arity));
}

}  // namespace

void settle_fun_size(output& out, std::size_t start) {
  store_big(out.data() + start + 1, static_cast<std::uint32_t>(out.size() - start - 1));
}

void append_scalar(output& out, const reader& in, const head& h) {
  const auto content = in.content(h);
  switch (h.what) {
    case tag::small_integer:
    case tag::integer:
    case tag::small_big:
    case tag::large_big: return append_integer(out, h.what, content);
    case tag::new_float: put_tag(out, h.what); return put(out, content);
    case tag::old_float: return put_floating(out, reader::parse_old_float(content).value_or(0));
    case tag::atom:
    case tag::small_atom:
    case tag::atom_utf8:
    case tag::small_atom_utf8: return append_atom(out, in, h);
    case tag::pid:
    case tag::new_pid: return append_pid(out, in, h);
    case tag::port:
    case tag::new_port:
    case tag::v4_port: return append_port(out, in, h);
    case tag::reference:
    case tag::new_reference:
    case tag::newer_reference: return append_reference(out, in, h);
    case tag::binary: return put_binary(out, content);
    case tag::bit_binary:
      return put_bitstring(out, content.subspan(1), std::to_integer<unsigned>(content[0]));
    case tag::nil: return put_tag(out, tag::nil);
    case tag::string:
      if (content.empty()) return put_tag(out, tag::nil);
      put_tag(out, tag::string);
      put_big(out, static_cast<std::uint16_t>(content.size()));
      return put(out, content);
    case tag::new_fun: return append_fun(out, in, h);
    case tag::fun_export: return append_export(out, in, h);
    default: assert(false);
  }
}

}  // namespace shelf::terms
