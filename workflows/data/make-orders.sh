#!/usr/bin/env bash
# Makes workflows/data/orders.csv anew: 6,000 orders of one year, the same ones every time. The numbers come from a generator of
# its own (Park and Miller, 1988), because every awk has another one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
LC_ALL=C awk -v seed=20260101 -v rows=6000 '
function random(n) { seed = (seed * 16807) % 2147483647; return int(n * seed / 2147483647) }
BEGIN {
  regions = split("North South East West Islands", region, " ")
  products = split("kettle teapot cup saucer strainer tin", product, " ")
  split("34.90 28.50 7.20 4.10 9.80 12.00", price, " ")
  names = split("Almond Birch Cedar Dogwood Elm Fir Gorse Hazel Ivy Juniper Kauri Larch Maple Nutmeg Oak", name, " ")
  kinds = split("Traders & Sons|House|Tea Rooms|Stores", kind, "|")
  split("31 28 31 30 31 30 31 31 30 31 30 31", days, " ")
  print "order,date,region,customer,product,quantity,unit_price"
  for (row = 1; row <= rows; row++) {
    # More is bought towards the end of the year.
    month = random(12) + 1; if (random(100) < 25) month = 10 + random(3)
    day = random(days[month]) + 1
    item = random(products) + 1
    where = region[random(regions) + 1]
    who = name[random(names) + 1] " " kind[random(kinds) + 1]
    count = 1 + random(12); if (random(100) < 3) count *= 10
    # A few rows are as bad as real ones: no region, a negative quantity, a date that does not exist.
    flaw = random(1000)
    if (flaw < 8) where = ""
    else if (flaw < 14) count = -count
    else if (flaw < 18) day = 31 + random(9)
    printf "%05d,2025-%02d-%02d,%s,%s,%s,%d,%s\n", row, month, day, where, who, product[item], count, price[item]
  }
}' > orders.csv
