"""The same ten methods by Cloudflare's official TypeScript SDK."""

import os
import subprocess

from control import HERE, TOKEN, controlled

NODE = os.environ.get("NODE_MODULES", HERE.parent.parent / ".tools/node/node_modules")


def test_all_ten_methods():
    with controlled() as pair:
        script = ["node", HERE / "node/cloudflare.mjs", NODE, f"{pair.admin}/client/v4", TOKEN]
        done = subprocess.run(script, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
