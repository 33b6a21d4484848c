// BENCH  rivals
// Boost.MultiIndex: a container in memory, without threads, snapshots or a file.
#include "rivals/user_store.hpp"

#include <boost/multi_index/hashed_index.hpp>
#include <boost/multi_index/member.hpp>
#include <boost/multi_index/ordered_index.hpp>
#include <boost/multi_index_container.hpp>

namespace bench {
namespace {

namespace mi = boost::multi_index;

struct row_of_user {
  std::string key;
  std::string email;
  std::string city;
  std::int64_t age = 0;
};
using rows = mi::multi_index_container<
    row_of_user,
    mi::indexed_by<
        mi::hashed_unique<mi::member<row_of_user, std::string, &row_of_user::key>>,
        mi::ordered_unique<mi::member<row_of_user, std::string, &row_of_user::email>>,
        mi::ordered_non_unique<mi::member<row_of_user, std::string, &row_of_user::city>>,
        mi::ordered_non_unique<mi::member<row_of_user, std::int64_t, &row_of_user::age>>>>;

class multi_index_users final : public user_store {
 public:
  void put(const std::string& key, const user& u) override {
    rows_.insert({key, u.email, u.city, u.age});
  }
  std::size_t find_by_email(const std::string& email) override {
    return rows_.get<1>().find(email)->key.size();
  }

 private:
  rows rows_;
};

}  // namespace

std::unique_ptr<user_store> open_multi_index_users() {
  return std::make_unique<multi_index_users>();
}

}  // namespace bench
