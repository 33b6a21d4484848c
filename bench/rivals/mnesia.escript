#!/usr/bin/env escript
%% BENCH  rivals
%% Transactions of Mnesia: mnesia.escript VERB STORAGE NODES DIRECTORY ACCOUNTS PROCESSES OPERATIONS
%% prints nanoseconds per operation of all processes together. VERB is read, write, transfer, batch
%% or show; STORAGE is ram_copies or disc_copies; NODES is 1, or 2 that have all accounts each.
-mode(compile).
-record(account, {number, balance}).
-export([watch/2]).

main([Verb, Storage, Nodes, Directory | Numbers]) ->
    [Accounts, Processes, Operations] = [list_to_integer(N) || N <- Numbers],
    Others = [start_other() || Nodes =:= "2"],
    open(list_to_atom(Storage), Directory, Accounts, [Node || {Node, _} <- Others]),
    Each = max(1, Operations div Processes),
    Took = case list_to_atom(Verb) of
        show -> measure_showing(hd(Others), Accounts, Operations);
        Else -> measure(Else, Accounts, Processes, Each)
    end,
    io:format("~f~n", [Took]),
    _ = [stopped = rpc:call(Node, mnesia, stop, []) || {Node, _} <- Others],
    stopped = mnesia:stop().

%% Another node on this machine, which has this module too; it ends with this one.
start_other() ->
    _ = os:cmd("epmd -daemon"),
    Name = list_to_atom("shelf_bench_" ++ os:getpid()),
    {ok, _} = net_kernel:start(Name, #{name_domain => shortnames}),
    {ok, _, Node} = peer:start_link(#{name => peer:random_name(Name)}),
    {ok, Parts} = escript:extract(escript:script_name(), [compile_source]),
    {source, Code} = lists:keyfind(source, 1, Parts),
    {module, Module} = lists:keyfind(module, 1, beam_lib:info(Code)),
    {module, Module} = rpc:call(Node, code, load_binary, [Module, "mnesia", Code]),
    {Node, Module}.

open(Storage, Directory, Accounts, Others) ->
    Nodes = [node() | Others],
    _ = [begin
        %% Warnings about its log would go where the answer goes.
        ok = rpc:call(Node, logger, set_primary_config, [level, none]),
        ok = rpc:call(Node, application, load, [mnesia]),
        ok = rpc:call(Node, application, set_env, [mnesia, dir, filename:join(Directory, Node)]),
        %% The default, 1000, is known to be too small for a load like this.
        ok = rpc:call(Node, application, set_env, [mnesia, dump_log_write_threshold, 50000])
    end || Node <- Nodes],
    _ = [ok = mnesia:create_schema(Nodes) || Storage =:= disc_copies],
    _ = [ok = rpc:call(Node, mnesia, start, []) || Node <- Nodes],
    {ok, _} = mnesia:change_config(extra_db_nodes, Others),
    {atomic, ok} = mnesia:create_table(account, [{Storage, Nodes},
                                                 {attributes, record_info(fields, account)}]),
    {atomic, ok} = mnesia:transaction(fun() ->
        _ = [ok = mnesia:write(#account{number = I, balance = 1000})
             || I <- lists:seq(0, Accounts - 1)],
        ok
    end),
    _ = [dumped = mnesia:dump_log() || Storage =:= disc_copies],
    ok.

%% How long it takes from the call of a write until the other node shows it.
measure_showing({Node, Module}, Accounts, Operations) ->
    Watcher = spawn_link(Node, Module, watch, [self(), Accounts]),
    Times = [begin
        Watcher ! {wait_for, I rem Accounts, -I},
        receive ready -> ok end,
        Start = os:perf_counter(nanosecond),
        {atomic, ok} = mnesia:transaction(fun() ->
            mnesia:write(#account{number = I rem Accounts, balance = -I})
        end),
        receive {shown, At} -> At - Start end
    end || I <- lists:seq(1, Operations)],
    lists:nth((length(Times) + 1) div 2, lists:sort(Times)) * 1.0.

%% On the other node; both read one clock of the machine.
watch(Asker, Accounts) ->
    receive {wait_for, Number, Balance} ->
        Asker ! ready,
        spin(Number, Balance),
        Asker ! {shown, os:perf_counter(nanosecond)},
        watch(Asker, Accounts)
    end.

spin(Number, Balance) ->
    case ets:lookup(account, Number) of
        [#account{balance = Balance}] -> ok;
        _ -> spin(Number, Balance)
    end.

%% All processes start together; the clock stops when the last one has ended.
measure(Verb, Accounts, Processes, Each) ->
    Running = [spawn_monitor(fun() ->
        rand:seed(exsss, 20260101 + P),
        receive go -> ok end,
        repeat(Each, fun() -> perform(Verb, Accounts) end)
    end) || P <- lists:seq(1, Processes)],
    garbage_collect(),
    Start = erlang:monotonic_time(nanosecond),
    _ = [Process ! go || {Process, _} <- Running],
    _ = [receive {'DOWN', Monitor, process, _, Reason} -> normal = Reason end
         || {_, Monitor} <- Running],
    (erlang:monotonic_time(nanosecond) - Start) / (Processes * Each).

repeat(0, _) -> ok;
repeat(N, Work) ->
    Work(),
    repeat(N - 1, Work).

perform(read, Accounts) ->
    Number = any(Accounts),
    {atomic, [_]} = mnesia:transaction(fun() -> mnesia:read(account, Number) end);
perform(write, Accounts) ->
    Number = any(Accounts),
    {atomic, ok} = mnesia:transaction(fun() ->
        mnesia:write(#account{number = Number, balance = 1000})
    end);
%% What is to be written is read with the lock that writing needs.
perform(transfer, Accounts) ->
    From = any(Accounts),
    To = another(From, Accounts),
    {atomic, ok} = mnesia:transaction(fun() ->
        [Giving] = mnesia:wread({account, From}),
        [Taking] = mnesia:wread({account, To}),
        ok = mnesia:write(Giving#account{balance = Giving#account.balance - 1}),
        mnesia:write(Taking#account{balance = Taking#account.balance + 1})
    end);
perform(batch, Accounts) ->
    First = any(Accounts),
    {atomic, ok} = mnesia:transaction(fun() ->
        _ = [ok = mnesia:write(#account{number = (First + I) rem Accounts, balance = I})
             || I <- lists:seq(1, 100)],
        ok
    end).

any(Accounts) -> rand:uniform(Accounts) - 1.

another(Number, Accounts) ->
    case any(Accounts) of
        Number -> another(Number, Accounts);
        Other -> Other
    end.
