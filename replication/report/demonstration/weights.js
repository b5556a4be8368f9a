// The weights of a replicate, as float32: some are in the page, the others in the files of their runs.

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

// What `file` of results holds, or null where it cannot be had, as in a page opened from a disk.
async function fetched(file) {
  if (location.protocol === "file:") return null;
  try {
    const answer = await fetch(`../${file}`);
    return answer.ok ? await answer.arrayBuffer() : null;
  } catch {
    return null;
  }
}

// A file of weights (safetensors, one tensor) ends with them: they, if they have the right sum, or null.
function weightsOf(content, { sum }, count) {
  const weights = content.slice(-4 * count);
  return crc32(new Uint8Array(weights)) === sum ? new Float32Array(weights) : null;
}

function crc32(bytes) {
  let sum = -1;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum >>> 0;
}
