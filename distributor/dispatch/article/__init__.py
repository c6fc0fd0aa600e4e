"""The article of a 公众号: drafted, shown to the editor, published or mass-sent on the editor's word, looked after."""
