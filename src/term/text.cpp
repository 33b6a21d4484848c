// TERM  vocabulary of every room
// Prints a term while reading it, without recursion, and stops once the limit is reached.
#include "term/text.hpp"

#include "term/literal.hpp"
#include "term/reader.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstdint>
#include <string_view>
#include <vector>

namespace shelf::terms {
namespace {

constexpr std::string_view cut_mark = "...";

class printing {
 public:
  printing(bytes input, std::size_t limit)
      : in_(input, {.integer_bytes = max_term_bytes}), limit_(limit) {}

  std::string run() {
    bool whole = true;
    do {
      const head h = in_.next();
      whole = static_cast<bool>(h) && out_.size() <= limit_;
      if (!whole) break;
      separate(h);
      h.children > 0 ? enter(h) : scalar(h);
    } while (!open_.empty());
    if (!whole || out_.size() > limit_) cut();
    return std::move(out_);
  }

 private:
  struct container {
    tag what;
    std::uint64_t children;
    std::uint64_t awaited;
  };

  // What stands between this term and the one before it in the same container.
  void separate(const head& h) {
    if (open_.empty()) return;
    const auto& c = open_.back();
    const auto index = c.children - c.awaited;
    const bool tail = c.what == tag::list && c.awaited == 1;
    if (tail && (h.what == tag::nil || index == 0)) return;
    if (tail)
      out_ += '|';
    else if (c.what == tag::map && index % 2 == 1)
      out_ += " => ";
    else if (index > 0 || c.what == tag::new_fun)
      out_ += ',';
  }

  void enter(const head& h) {
    if (h.what == tag::new_fun)
      fun(h);
    else
      out_ += h.what == tag::map ? "#{" : h.what == tag::list ? "[" : "{";
    open_.push_back({h.what, h.children, h.children});
  }

  void complete() {
    while (!open_.empty() && --open_.back().awaited == 0) {
      const auto what = open_.back().what;
      out_ += what == tag::list ? ']' : what == tag::new_fun ? '>' : '}';
      open_.pop_back();
    }
  }

  void scalar(const head& h) {
    const bool hidden = h.what == tag::nil && !open_.empty() && open_.back().what == tag::list &&
                        open_.back().awaited == 1 && open_.back().children > 1;
    if (!hidden) print(h);
    complete();
  }

  void print(const head& h) {
    switch (h.what) {
      case tag::small_integer:
      case tag::integer:
      case tag::small_big:
      case tag::large_big: return integer(h);
      case tag::new_float:
        out_ +=
            float_literal(std::bit_cast<double>(load_big<std::uint64_t>(in_.content(h).data())));
        return;
      case tag::old_float:
        out_ += float_literal(reader::parse_old_float(in_.content(h)).value_or(0));
        return;
      case tag::atom:
      case tag::small_atom:
      case tag::atom_utf8:
      case tag::small_atom_utf8: out_ += name(h); return;
      case tag::string: out_ += list_literal(shown(in_.content(h))); return;
      case tag::binary: return binary(in_.content(h), 8);
      case tag::bit_binary: return bitstring(in_.content(h));
      case tag::nil: out_ += "[]"; return;
      case tag::map: out_ += "#{}"; return;
      case tag::new_fun:
        fun(h);
        out_ += '>';
        return;
      case tag::fun_export: return exported(h);
      case tag::small_tuple:
      case tag::large_tuple: out_ += "{}"; return;
      default: return identity(h);
    }
  }

  // Every byte shown makes at least one character, so what is beyond the limit need not be looked
  // at.
  bytes shown(bytes content) const {
    const auto room = limit_ - std::min(limit_, out_.size());
    return content.first(std::min(content.size(), std::max<std::size_t>(room, 1)));
  }

  void binary(bytes content, unsigned bits) {
    const auto part = shown(content);
    const bool whole = part.size() == content.size();
    out_ += binary_literal(part, whole ? bits : 8, !whole);
  }

  void bitstring(bytes content) {
    const auto bits = std::to_integer<unsigned>(content[0]);
    binary(content.subspan(1), bits == 0 ? 8 : bits);
  }

  void integer(const head& h) {
    const auto content = in_.content(h);
    if (h.what == tag::small_integer) {
      out_ += std::to_string(std::to_integer<int>(content[0]));
    } else if (h.what == tag::integer) {
      out_ += std::to_string(static_cast<std::int32_t>(load_big<std::uint32_t>(content.data())));
    } else {
      out_ += integer_literal(content[0] != std::byte{0}, content.subspan(1));
    }
  }

  std::string name(const head& h) const {
    const bool latin1 = h.what == tag::atom || h.what == tag::small_atom;
    return latin1 ? latin1_atom_literal(in_.content(h)) : atom_literal(in_.content(h));
  }

  // #Fun<module.index.unique, left open for its free variables
  void fun(const head& h) {
    const auto f = in_.fun_of(h);
    out_ += "#Fun<" + name(f.module) + "." + std::to_string(f.old_index) + "." +
            std::to_string(f.old_unique);
  }

  void exported(const head& h) {
    const auto [module, function, arity] = in_.export_of(h);
    out_ += "fun " + name(module) + ":" + name(function) + "/";
    integer(arity);
  }

  // #Pid<node.id.serial>, #Port<node.number>, #Ref<node.words>, the last word first as Erlang has
  // it.
  void identity(const head& h) {
    const head node = in_.node_of(h);
    const auto* fields = in_.content(h).data() + (node.end - h.body);
    const auto word = [&](std::size_t at) {
      return std::string(1, '.').append(std::to_string(load_big<std::uint32_t>(fields + at)));
    };
    switch (h.what) {
      case tag::pid:
      case tag::new_pid: out_ += "#Pid<" + name(node) + word(0) + word(4); break;
      case tag::port:
      case tag::new_port: out_ += "#Port<" + name(node) + word(0); break;
      case tag::v4_port:
        out_ += "#Port<" + name(node) + "." + std::to_string(load_big<std::uint64_t>(fields));
        break;
      case tag::reference: out_ += "#Ref<" + name(node) + word(0); break;
      default: {
        assert(h.what == tag::new_reference || h.what == tag::newer_reference);
        const std::size_t creation = h.what == tag::new_reference ? 1 : 4;
        out_ += "#Ref<" + name(node);
        for (auto at = h.end - node.end; at > creation; at -= 4) out_ += word(at - 4);
      }
    }
    out_ += '>';
  }

  // A cut text is as long as the limit allows and ends in the mark, not inside a character.
  void cut() {
    const auto mark = cut_mark.substr(0, std::min(cut_mark.size(), limit_));
    if (out_.size() > limit_ - mark.size()) {
      auto end = limit_ - mark.size();
      while (end > 0 && (static_cast<unsigned char>(out_[end]) & 0xC0) == 0x80) --end;
      out_.resize(end);
    }
    out_ += mark;
  }

  reader in_;
  std::size_t limit_;
  std::string out_;
  std::vector<container> open_;
};

}  // namespace

std::string to_text(bytes input, std::size_t limit) { return printing(input, limit).run(); }

}  // namespace shelf::terms
