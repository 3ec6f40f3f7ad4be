"""Tables in delimited text (CSV, TSV and relatives), read into columns of numbers and of text.

    table = read_table(path, name="points.csv")      # from nn_core.tables.reader; also from a binary stream
    table.names                                      # ("width", "kind"), or None without a header
    table.columns[0].numbers                         # (N,) float64, NaN where a cell is missing
    table.columns[1].codes, table.columns[1].texts   # (N,) int32 indices into the distinct texts
    table.matrix([0, 2])                             # (N, 2) float64, without a copy where possible
    table.line_of(5)                                 # the line of the sixth row, for messages

`nn_core.tables.reader` reads, `dialect` recognizes encoding, delimiter, decimal comma and header, `cells`
parses numbers, dates, booleans and missing values, and `table` holds the result.
"""
