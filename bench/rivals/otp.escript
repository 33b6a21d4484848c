#!/usr/bin/env escript
%% BENCH  rivals
%% ETS and DETS of Erlang/OTP: otp.escript VERB DIRECTORY ENTRIES prints nanoseconds an operation.
%% Keys, values and their number are those of workload.hpp; the order is random too. Nothing that is
%% read is kept.
-mode(compile).

main([Verb, Directory, Entries]) ->
    File = filename:join(Directory, "otp.dets"),
    io:format("~f~n", [measure(Verb, File, list_to_integer(Entries))]).

%% The whole table to a file in one go, and the file closed.
measure("save", File, N) ->
    Table = filled(N),
    timed(N, fun() ->
        Dets = open(File, N),
        ets:to_dets(Table, Dets),
        ok = dets:close(Dets)
    end);
%% From a closed file into a table in memory.
measure("load", File, N) ->
    timed(N, fun() ->
        Dets = open(File, N),
        Table = ets:new(table, [set, public]),
        Table = dets:to_ets(Dets, Table),
        N = ets:info(Table, size)
    end);
%% One by one into a new file, which is closed when the clock has stopped.
measure("insert", File, N) ->
    Keys = shuffled(N),
    {ok, Dets} = dets:open_file(bench, [{file, File}, {type, set}]),
    Took = timed(N, fun() ->
        lists:foreach(fun(K) -> ok = dets:insert(Dets, {K, value()}) end, Keys)
    end),
    ok = dets:close(Dets),
    Took;
%% Straight from the file.
measure("lookup", File, N) ->
    Keys = shuffled_again(N),
    Dets = open(File, N),
    timed(N, fun() -> lists:foreach(fun(K) -> [{_, _}] = dets:lookup(Dets, K) end, Keys) end);
measure("ets_insert", _, N) ->
    Keys = shuffled(N),
    Table = ets:new(table, [set, public]),
    timed(N, fun() -> lists:foreach(fun(K) -> ets:insert(Table, {K, value()}) end, Keys) end);
measure("ets_lookup", _, N) ->
    Table = filled(N),
    Keys = shuffled_again(N),
    timed(N, fun() -> lists:foreach(fun(K) -> [{_, _}] = ets:lookup(Table, K) end, Keys) end).

open(File, N) ->
    {ok, Dets} = dets:open_file(bench, [{file, File}, {type, set}, {min_no_slots, 256},
                                        {estimated_no_objects, N}, {repair, false}]),
    Dets.

filled(N) ->
    Table = ets:new(table, [set, public]),
    [ets:insert(Table, {K, value()}) || K <- shuffled(N)],
    Table.

value() -> <<"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx">>.

shuffled(N) -> shuffled(N, 20260101).
shuffled_again(N) -> shuffled(N, 20260102).

shuffled(N, Seed) ->
    rand:seed(exsss, Seed),
    [K || {_, K} <- lists:sort([{rand:uniform(), key(I)} || I <- lists:seq(0, N - 1)])].

key(I) -> list_to_binary(io_lib:format("user:~8..0b", [I])).

timed(Operations, Work) ->
    garbage_collect(),
    Start = erlang:monotonic_time(nanosecond),
    Work(),
    (erlang:monotonic_time(nanosecond) - Start) / Operations.
