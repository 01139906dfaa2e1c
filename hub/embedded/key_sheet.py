"""What does the sheet look like on which the key of the backups is printed, once?"""

import html
from datetime import datetime
from io import BytesIO
from typing import Final

import segno

_PAGE: Final = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>安铃备份密钥 · Anling backup key</title>
<style>body{{font-family:sans-serif;margin:2cm;max-width:16cm}}code{{font-size:14pt;word-break:break-all}}
svg{{width:6cm;height:6cm}}</style></head><body>
<h1>安铃备份密钥</h1>
<p>没有这张纸，备份谁也打不开，包括我们。请打印两份，一份锁在中心，一份放在别处；打印后删除这个文件。</p>
<p>恢复：<code>./anling restore FILE</code>，然后输入下面这一行。</p>
<h1>Anling backup key</h1>
<p>Without this sheet nobody opens the backups, we neither. Print it twice: one locked away in the centre,
one elsewhere. Delete this file afterwards.</p>
<p>To restore: <code>./anling restore FILE</code>, and type this line.</p>
<p>{qr_code}</p>
<p><code>{secret}</code></p>
<p>公钥 Public: <code>{recipient}</code><br>{made_at}</p>
</body></html>
"""


def render_key_sheet(secret: str, recipient: str, made_at: datetime) -> str:
    """An HTML page with the secret as text and as a QR code, in Chinese and English."""
    drawn = BytesIO()
    segno.make(secret, error="q").save(drawn, kind="svg", xmldecl=False, svgns=True, omitsize=True)
    return _PAGE.format(
        qr_code=drawn.getvalue().decode(),
        secret=html.escape(secret),
        recipient=html.escape(recipient),
        made_at=f"{made_at:%Y-%m-%d %H:%M} UTC",
    )
