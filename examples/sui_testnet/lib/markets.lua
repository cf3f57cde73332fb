-- Made by find_markets.py: one line per market.
return {
}
