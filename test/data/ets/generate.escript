#!/usr/bin/env escript
%% Makes the dumps of this directory with ets:tab2file, and beside each what it holds: a line an
%% object, the external term in hexadecimal, sorted.
%%     escript generate.escript DIRECTORY
main([Directory]) ->
    ok = file:set_cwd(Directory),
    Users = [{ann, <<"Ann">>, 1}, {bob, <<"Bob">>, 2}, {{k, 1}, 1.5, [a, b]}, {"list", #{a => 1}}],
    dump("plain", set, 1, Users, []),
    dump("counted", set, 1, Users, [object_count]),
    dump("summed", set, 1, Users, [md5sum]),
    dump("guarded", set, 1, Users, [object_count, md5sum]),
    dump("pairs", ordered_set, 1, [{I, <<I:16>>} || I <- lists:seq(1, 300)], [md5sum]),
    dump("bag", bag, 2, [{a, 1}, {b, 1}, {c, 2}], []),
    dump("duplicates", duplicate_bag, 2, [{a, 1}, {a, 1}, {b, 1}, {c, 2}], [object_count]),
    %% From 65528 bytes on an item has a sum of its size.
    dump("large", set, 1, [{I, binary:copy(<<0>>, I)} || I <- [65517, 65518]], [md5sum]),
    dump("empty", set, 1, [], [object_count, md5sum]).

dump(Name, Type, Position, Objects, Extended) ->
    Table = ets:new(list_to_atom(Name), [Type, {keypos, Position}]),
    true = ets:insert(Table, Objects),
    ok = ets:tab2file(Table, Name ++ ".tab", [{extended_info, Extended}]),
    Lines = [[hex(term_to_binary(O, [{minor_version, 2}, deterministic])), $\n]
             || O <- ets:tab2list(Table)],
    ok = file:write_file(Name ++ ".expected", lists:sort(Lines)).

hex(Binary) -> string:lowercase(binary:encode_hex(Binary)).
