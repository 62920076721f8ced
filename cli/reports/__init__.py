"""Reports as files: gathered once, written as HTML, Markdown, JUnit's XML or JSON."""
