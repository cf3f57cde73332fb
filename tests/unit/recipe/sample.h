/*
 * sample: a recipe with every kind of command and slot, for tests and fuzzers. JSON with ' for ".
 *
 * Markets: "btc:1764547200000" and "eth:1764547200000" whole, "sol" by its feed.
 */
#ifndef ORRERY_TESTS_RECIPE_SAMPLE_H
#define ORRERY_TESTS_RECIPE_SAMPLE_H

#define SAMPLE_OBJECTS                                                                             \
    "'objects': {"                                                                                 \
    " 'predict': {'id': '0xa1', 'shared': 5, 'mutable': true},"                                    \
    " 'manager': {'id': '0xa2', 'owned': true},"                                                   \
    " 'usdc': {'id': '0xa3', 'owned': true},"                                                      \
    " 'vault': {'id': '0xa4', 'shared': true, 'mutable': true},"                                   \
    " 'registry': {'id': '0xa5', 'shared': 9}}"

#define SAMPLE_MARKETS                                                                             \
    "'markets': {"                                                                                 \
    " 'btc:1764547200000': {'oracle': {'id': '0xb1', 'shared': 7}, 'underlying': 'BTC',"           \
    "   'lot': 100},"                                                                              \
    " 'eth:1764547200001': {'oracle': {'id': '0xb2', 'shared': 8}, 'underlying': 'ETH',"           \
    "   'lot': 200},"                                                                              \
    " 'sol': {'oracle': {'id': '0xb3', 'shared': 9}, 'underlying': 'SOL', 'lot': 300}}"

#define SAMPLE_KEY                                                                                 \
    "{'target': '0xcc::market_key::new', 'arguments': [{'market': 'oracle', 'type': 'id'},"        \
    " {'market': 'expiry', 'type': 'u64'}, {'param': 'strike', 'type': 'u64'},"                    \
    " {'param': 'is_up', 'type': 'bool'}]}"

#define SAMPLE_RANGE                                                                               \
    "{'target': '0xcc::range_key::new', 'arguments': [{'market': 'oracle', 'type': 'id'},"         \
    " {'market': 'expiry', 'type': 'u64'}, {'param': 'lower_strike', 'type': 'u64'},"              \
    " {'param': 'higher_strike', 'type': 'u64'}]}"

#define SAMPLE_PREDICT(function)                                                                   \
    "{'target': '0xcc::predict::" function "', 'type_arguments': ['0xee::dusdc::DUSDC'],"          \
    " 'arguments': [{'object': 'predict'}, {'object': 'manager'}, {'market': 'oracle'},"           \
    " {'result': 1}, {'param': 'quantity', 'type': 'u64', 'max': 5000000}, {'clock': true}]}"

#define SAMPLE_CALLS                                                                               \
    "'calls': {"                                                                                   \
    " 'mint_binary': [" SAMPLE_KEY ", " SAMPLE_PREDICT(                                            \
        "mint") "],"                                                                               \
                " 'redeem_binary': [" SAMPLE_KEY ", " SAMPLE_PREDICT(                              \
                    "redeem") "],"                                                                 \
                              " 'mint_range': [" SAMPLE_RANGE ", " SAMPLE_PREDICT(                 \
                                  "mint_range") "],"                                               \
                                                " 'pm_deposit': [{'split': 'usdc', 'amounts': "    \
                                                "[{'param': 'amount', 'type': 'u64',"              \
                                                "   'max': 1000000}]}, {'target': "                \
                                                "'0xcc::predict_manager::deposit',"                \
                                                "   'type_arguments': ['0xee::dusdc::DUSDC'],"     \
                                                "   'arguments': [{'object': 'manager'}, "         \
                                                "{'result': 1, 'part': 1}]}],"                     \
                                                " 'pm_withdraw': [{'target': "                     \
                                                "'0xcc::predict_manager::withdraw',"               \
                                                "   'type_arguments': ['0xee::dusdc::DUSDC'],"     \
                                                "   'arguments': [{'object': 'manager'}, "         \
                                                "{'param': 'amount', 'type': 'u64'}]},"            \
                                                "   {'transfer': [{'result': 1}], 'to': "          \
                                                "{'sender': true}}],"                              \
                                                " 'supply_plp': [{'split': 'gas', 'amounts': "     \
                                                "[{'param': 'amount', 'type': 'u64'},"             \
                                                "   {'literal': 7, 'type': 'u64'}]}, {'merge': "   \
                                                "{'result': 1, 'part': 1},"                        \
                                                "   'coins': [{'result': 1, 'part': 2}]}, "        \
                                                "{'target': '0xdd::vault::supply',"                \
                                                "   'arguments': [{'object': 'vault'}, "           \
                                                "{'result': 1, 'part': 1}, {'sender': true},"      \
                                                "   {'literal': 'orrery', 'type': 'string'}, "     \
                                                "{'param': 'amount', 'type': 'u128'}]}],"          \
                                                " 'refresh_nav_snapshot': [{'vector': "            \
                                                "[{'object': 'usdc'}], 'type': "                   \
                                                "'0xee::dusdc::DUSDC'},"                           \
                                                "   {'target': '0xdd::vault::refresh', "           \
                                                "'arguments': [{'object': 'vault'}, {'result': "   \
                                                "1},"                                              \
                                                "   {'object': 'registry'}, {'gas': true}, "       \
                                                "{'clock': true}]}],"                              \
                                                " 'crystallize_fees': [{'target': "                \
                                                "'0xdd::vault::fees', 'arguments': [{'object': "   \
                                                "'vault'}]},"                                      \
                                                "   {'transfer': [{'result': 1, 'part': 1}, "      \
                                                "{'result': 1, 'part': 2}],"                       \
                                                "    'to': {'literal': '0xf1', 'type': "           \
                                                "'address'}}],"                                    \
                                                " 'redeem_range': [{'target': "                    \
                                                "'0xdd::vault::redeem_range', 'arguments': ["      \
                                                "   {'param': 'market_id', 'type': 'string'}, "    \
                                                "{'market': 'underlying', 'type': 'string'},"      \
                                                "   {'market': 'lot', 'type': 'u32'}, {'market': " \
                                                "'expiry', 'type': 'u256'},"                       \
                                                "   {'param': 'lower_strike', 'type': 'u64'}, "    \
                                                "{'param': 'higher_strike', 'type': 'u128'},"      \
                                                "   {'param': 'quantity', 'type': 'u16'}]}],"      \
                                                " 'call': {'poke': [{'target': "                   \
                                                "'0xdd::tools::poke', 'type_arguments': ['u64', "  \
                                                "'0x2::sui::SUI'],"                                \
                                                "   'arguments': [{'argument': 1, 'type': 'u64', " \
                                                "'max': 1000},"                                    \
                                                "   {'argument': 2, 'type': 'string'}, "           \
                                                "{'argument': 3, 'type': 'address'},"              \
                                                "   {'argument': 4, 'type': 'bool'}, "             \
                                                "{'argument': 5, 'type': 'u256'},"                 \
                                                "   {'argument': 1, 'type': 'u64'}, {'object': "   \
                                                "'predict', 'type': 'id'}]}],"                     \
                                                "  'nothing': [{'target': "                        \
                                                "'0xdd::tools::nothing'}]}}"

#define SAMPLE "{" SAMPLE_OBJECTS ", " SAMPLE_MARKETS ", " SAMPLE_CALLS "}"

#endif
