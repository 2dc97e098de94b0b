"use strict";
// Unpacks what the page carries: base64 of deflated bytes. `src/pack.rs` is the other half.

const bytesOf = (id) => {
  const text = document.getElementById(id).textContent.trim();
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
};

const unpack = async (id) => {
  const stream = new Blob([bytesOf(id)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
};

const unpackText = async (id) => new TextDecoder().decode(await unpack(id));

// The columns by name: numbers, NaN where there is no value. Each is decoded when it is first asked for.
class Columns {
  constructor(bytes, index) {
    this.bytes = bytes;
    this.index = index;
    this.known = new Map();
  }

  has(name) {
    return name in this.index;
  }

  raw(name) {
    const [start, length] = this.index[name];
    return this.bytes.subarray(start, start + length);
  }

  get(name) {
    if (!(name in this.index)) return null;
    let column = this.known.get(name);
    if (column) return column;
    const [start, length, count, decimals, delta] = this.index[name];
    const { bytes } = this;
    const scale = 10 ** decimals;
    column = new Float64Array(count);
    let at = start;
    let last = 0;
    for (let row = 0; row < count && at < start + length; row++) {
      let byte = bytes[at++];
      let value = byte & 0x7f;
      for (let factor = 128; byte & 0x80; factor *= 128) {
        byte = bytes[at++];
        value += (byte & 0x7f) * factor;
      }
      if (value === 0) {
        column[row] = NaN;
        continue;
      }
      value -= 1;
      value = value % 2 ? -(value + 1) / 2 : value / 2;
      if (delta) value = last += value;
      column[row] = value / scale;
    }
    this.known.set(name, column);
    return column;
  }
}
