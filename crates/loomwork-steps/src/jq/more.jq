# Filters that other implementations of jq have, said in terms of those that come with this one.
def toarray: if type == "array" then . else [.] end;
def trimstr($part): ltrimstr($part) | rtrimstr($part);
def IN(values): . as $value | any(values; . == $value);
def IN(source; values): any(source; IN(values));
def INDEX(rows; key): reduce rows as $row ({}; .[$row | key | tostring] = $row);
def INDEX(key): INDEX(.[]; key);

def cell(text):
  if type == "string" then text
  elif . == null then ""
  elif type == "boolean" or type == "number" then tostring
  else error("\(type) is no value of a row") end;
def @csv: map(cell("\"" + gsub("\""; "\"\"") + "\"")) | join(",");
def @tsv: map(cell(gsub("\\\\"; "\\\\") | gsub("\t"; "\\t") | gsub("\n"; "\\n") | gsub("\r"; "\\r"))) | join("\t");

# Events: [path, leaf], and [path] behind the last part of an array or object.
def tostream:
  def below($path):
    if (type == "array" or type == "object") and length > 0
    then keys_unsorted as $keys | ($keys[] as $key | .[$key] | below($path + [$key])), [$path + [$keys[-1]]]
    else [$path, .] end;
  below([]);
def fromstream(events):
  # What is not there yet is made of the kind that its key asks for.
  def put($path; $leaf):
    if $path == [] then $leaf
    else $path[0] as $key
      | if $key | type == "number"
        then . // [] | if $key < length then .[$key] |= put($path[1:]; $leaf) else . + [null | put($path[1:]; $leaf)] end
        else . // {} | . + {($key): (.[$key] | put($path[1:]; $leaf))} end
    end;
  foreach events as $event ({whole: null, done: false};
    if .done then {whole: null, done: false} else . end
    | if $event | length == 2
      then {whole: (.whole | put($event[0]; $event[1])), done: ($event[0] == [])}
      else .done = ($event[0] | length == 1) end;
    if .done then .whole else empty end);
