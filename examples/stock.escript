#!/usr/bin/env escript
%%! +fnu
%% EXAMPLE  stock, kept by C++ and Erlang
%% How many of each article there are. stock.cpp is the same program in C++; the two take turns.

-record(article, {name, count = 0}).

main(Words) ->
    ok = io:setopts([{encoding, unicode}]),
    {ok, Stock} = dets:open_file(stock, [{file, "stock.dets"}, {keypos, #article.name}]),
    case Words of
        [Word, Change] ->
            Name = unicode:characters_to_binary(Word),
            dets:insert_new(Stock, #article{name = Name}),
            Now = dets:update_counter(Stock, Name, {#article.count, list_to_integer(Change)}),
            io:format("Erlang: ~b ~ts now~n", [Now, Name]);
        [] ->
            Articles = lists:sort(dets:match_object(Stock, #article{_ = '_'})),
            [io:format("Erlang: ~b ~ts~n", [C, N]) || #article{name = N, count = C} <- Articles]
    end,
    ok = dets:close(Stock).
