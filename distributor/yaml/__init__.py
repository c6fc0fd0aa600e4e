"""YAML files that people edit: safe text, values with their places, and every fault in words. The one door to YAML."""
