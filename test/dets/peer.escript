#!/usr/bin/env escript
%% TEST  dets
%% Erlang's side of a table that two programs change in turns. A command a line on standard input,
%% "ok" or an answer a line on standard output; terms are the hex of their external form.
main([]) -> loop(none).

loop(Table) ->
    case io:get_line("") of
        eof -> ok;
        Line ->
            [Verb | Arguments] = string:lexemes(string:trim(Line), " "),
            loop(obey(Verb, Arguments, Table))
    end.

obey("open", [Path, Type], none) ->
    {ok, Table} = dets:open_file(peer, [{file, Path}, {type, list_to_existing_atom(Type)},
                                        {repair, false}]),
    answer("ok"),
    Table;
obey("insert", [Hex], Table) -> ok = dets:insert(Table, term(Hex)), answer("ok"), Table;
obey("delete", [Hex], Table) -> ok = dets:delete(Table, term(Hex)), answer("ok"), Table;
obey("delete_object", [Hex], Table) ->
    ok = dets:delete_object(Table, term(Hex)), answer("ok"), Table;
obey("list", [], Table) ->
    Objects = dets:match_object(Table, '_'),
    [answer(hex(Object)) || Object <- Objects],
    answer("."),
    Table;
obey("close", [], Table) -> ok = dets:close(Table), answer("ok"), none.

answer(Text) -> io:put_chars([Text, $\n]).

term(Hex) -> binary_to_term(binary:decode_hex(list_to_binary(Hex))).
hex(Term) -> binary:encode_hex(term_to_binary(Term, [{minor_version, 2}])).
