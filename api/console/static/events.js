// Server-sent events of a response (HTML Living Standard, 9.2), as they come: `EventSource` can send no headers.

/** Each as `{name, data, id}`; a comment as one without a name. Ends with the response; throws where it breaks. */
export async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) yield event(block);
  }
}

function event(block) {
  const made = { name: "", data: "", id: "" };
  for (const line of block.split("\n")) {
    const [field, ...values] = line.split(":");
    const value = values.join(":").replace(/^ /, "");
    if (field === "event") made.name = value;
    else if (field === "id") made.id = value;
    else if (field === "data") made.data += made.data ? `\n${value}` : value;
  }
  return made;
}
