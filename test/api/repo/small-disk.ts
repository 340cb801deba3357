import { spawnSync } from "node:child_process";
import { rmSync, truncateSync, writeFileSync } from "node:fs";
import { TemporaryFolder } from "./temporary-repo.ts";

/** A file system of a few MiB, mounted for a test, of which a part is kept free for later. */
export class SmallDisk {
  readonly folder: TemporaryFolder;

  private constructor(folder: TemporaryFolder) {
    this.folder = folder;
  }

  /** Undefined, and a line that says so, where this can't be mounted: not by root, or not by this one. */
  static mount(sizeMib: number, reservedMib: number): SmallDisk | undefined {
    const folder = new TemporaryFolder();
    const { status, stderr, error } = spawnSync(
      "mount",
      ["-t", "tmpfs", "-o", `size=${sizeMib}m`, "tmpfs", folder.path],
      { encoding: "utf8" },
    );
    if (status !== 0) {
      process.stdout.write(`No small disk can be mounted here: ${error?.message ?? stderr}\n`);
      folder[Symbol.dispose]();
      return undefined;
    }
    const disk = new SmallDisk(folder);
    writeFileSync(folder.file("reserve"), Buffer.alloc(reservedMib * 2 ** 20));
    return disk;
  }

  /** Takes all that is left. */
  fill(): void {
    for (let bytes = 2 ** 20; bytes >= 4_096; bytes /= 2) {
      for (let file = 0; ; file += 1) {
        const name = this.folder.file(`filler ${bytes} ${file}`);
        try {
          writeFileSync(name, Buffer.alloc(bytes));
        } catch {
          truncateSync(name);
          rmSync(name);
          break;
        }
      }
    }
  }

  /** Gives back what was kept free. */
  makeRoom(): void {
    rmSync(this.folder.file("reserve"), { force: true });
  }

  [Symbol.dispose](): void {
    spawnSync("umount", ["-l", this.folder.path]);
    this.folder[Symbol.dispose]();
  }
}
