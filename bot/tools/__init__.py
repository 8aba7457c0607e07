"""What a question may be answered with: tools that read one snapshot and the documents, and write nothing."""
