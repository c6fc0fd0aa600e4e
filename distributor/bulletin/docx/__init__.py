"""Reads a Word document (.docx, ECMA-376) into the same parts that Markdown comes to.

`package` opens the zip and its XML, bounded and without following anything; `normal` takes out what
cannot be mailed and says so; `reader` has mammoth read the rest. Nothing is fetched, run or unpacked to disk.
"""
