// The node's memory: an append-only file of JSON lines. A line is on disk before anybody hears of what it says.
// A last line that was torn by a crash never happened; a broken one before it is refused.
import fs from "node:fs";

export class Log {
  /** Reads what is there, giving each record to `replay`. */
  static open(file, replay) {
    const text = fs.existsSync(file) ? fs.readFileSync(file) : Buffer.alloc(0);
    let start = 0;
    for (let end; (end = text.indexOf(10, start)) >= 0; start = end + 1) {
      replay(parseLine(text.subarray(start, end), file, start));
    }
    const descriptor = fs.openSync(file, "a");
    fs.ftruncateSync(descriptor, start);
    return new Log(descriptor);
  }

  constructor(descriptor) {
    this.descriptor = descriptor;
    this.tear = false; // the next durable record is written by half, then the process dies
  }

  /** `durable`: survives the power, not only the process. */
  append(record, durable = true) {
    const line = Buffer.from(JSON.stringify(record) + "\n");
    if (this.tear && durable) {
      fs.writeSync(this.descriptor, line.subarray(0, line.length >> 1));
      process.kill(process.pid, "SIGKILL");
    }
    for (let done = 0; done < line.length;) done += fs.writeSync(this.descriptor, line, done);
    if (durable) fs.fsyncSync(this.descriptor);
  }
}

function parseLine(line, file, at) {
  try {
    return JSON.parse(line.toString());
  } catch {
    throw new Error(`${file}: the record at byte ${at} is damaged`);
  }
}
